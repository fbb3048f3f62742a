/** Numbered places for the tensors of a replay, given out as a program would: what is computed at one place in it goes to one slot. */

/** A tensor's data. */
interface Held {
  /** Undefined for data that the backend has all the time. */
  slot: number | undefined;
  /** Of those who have a share in it. */
  shares: number;
  /** Whether it was there, or brought there, before the replay, which leaves it there. */
  readonly isGiven: boolean;
}

export class Slots {
  readonly #held = new Map<object, Held>();
  readonly #taken: boolean[] = [];
  /** The slots of each place in the program. */
  readonly #of = new Map<unknown, number[]>();

  /** A slot for data that is uploaded, perhaps in the place of other data. */
  give(id: object): number {
    this.release(id);
    const slot = this.#free('upload');
    this.#held.set(id, { slot, shares: 1, isGiven: true });
    return slot;
  }

  /** Where data is found: its slot, or itself if it is there all the time. */
  sourceOf(id: object): number | object {
    return this.#known(id).slot ?? id;
  }

  /** The slot of a result of a call from this place: that of an operand whose data it shares, otherwise one of its own. */
  share(id: object, place: unknown): number {
    const held = this.#held.get(id);
    if (held === undefined) {
      const slot = this.#free(place);
      this.#held.set(id, { slot, shares: 1, isGiven: false });
      return slot;
    }
    held.shares++;
    return (held.slot ??= this.#free(place));
  }

  /** One share less. The slot that the replay has to dispose of, if it has to. */
  release(id: object): readonly number[] {
    const held = this.#held.get(id);
    if (held === undefined) return [];
    held.shares--;
    const { slot } = held;
    const isOver = held.shares === 0;
    if (isOver) this.#held.delete(id);
    if (slot === undefined) return [];
    if (isOver) this.#taken[slot] = false;
    return isOver && held.isGiven ? [] : [slot];
  }

  /** The slot of data that is read, if it has one. */
  slotsOf(id: object): readonly number[] {
    const slot = this.#held.get(id)?.slot;
    return slot === undefined ? [] : [slot];
  }

  /** The slots to dispose of if nothing follows, once for each share. */
  left(): readonly number[] {
    return [...this.#held.values()].flatMap(({ slot, shares, isGiven }) =>
      slot === undefined ? [] : new Array<number>(isGiven ? shares - 1 : shares).fill(slot),
    );
  }

  #known(id: object): Held {
    let held = this.#held.get(id);
    if (held === undefined) this.#held.set(id, (held = { slot: undefined, shares: 1, isGiven: true }));
    return held;
  }

  /** A slot that nobody has: one that the place had before, if there is one. */
  #free(place: unknown): number {
    const own = this.#of.get(place) ?? [];
    this.#of.set(place, own);
    let slot = own.find((each) => !this.#taken[each]);
    if (slot === undefined) own.push((slot = this.#taken.length));
    this.#taken[slot] = true;
    return slot;
  }
}
