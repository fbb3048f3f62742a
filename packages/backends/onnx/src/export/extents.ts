/** Extents that are known only when a model runs: what they are of the named ones, found from the sizes it was traced at. */

/** Sizes of the named extents. */
export type Sizes = Readonly<Record<string, number>>;

/** Σ factor·Π names: an extent that is affine in each named one. The term without names comes last. */
export interface Extent {
  readonly terms: readonly { readonly factor: number; readonly names: readonly string[] }[];
}

/** Sizes at which a function is traced, so that what depends on them can be told. */
export interface SizePlan {
  readonly names: readonly string[];
  /**
   * All names at their first size; each name at its second one; each two names at their second ones; last, all names at
   * their third: what was found is checked there.
   */
  readonly points: readonly Sizes[];
}

/** Three different sizes for each name. */
export function planSizes(sizes: Readonly<Record<string, readonly [number, number, number]>>): SizePlan {
  const names = Object.keys(sizes);
  if (names.length === 0) return { names, points: [{}] };
  const at = (varied: readonly string[]): Sizes =>
    Object.fromEntries(names.map((name) => [name, sizes[name]?.[varied.includes(name) ? 1 : 0] ?? 0]));
  const check = Object.fromEntries(names.map((name) => [name, sizes[name]?.[2] ?? 0]));
  return {
    names,
    points: [at([]), ...names.map((name) => at([name])), ...pairsOf(names).map((pair) => at(pair)), check],
  };
}

/**
 * The extent that has these values at the points of a plan; undefined if none that is affine in each name, with whole
 * factors, has.
 */
export function fitExtent({ names, points }: SizePlan, values: readonly number[]): Extent | undefined {
  const [base, first = 0] = [points[0] ?? {}, values[0]];
  const step = (name: string): number => (points[1 + names.indexOf(name)]?.[name] ?? 0) - (base[name] ?? 0);
  const slopes = new Map(names.map((name, i) => [name, ((values[1 + i] ?? NaN) - first) / step(name)]));
  const factors = new Map<string, { factor: number; names: readonly string[] }>();
  const add = (factor: number, of: readonly string[]): void => {
    const key = of.join();
    factors.set(key, { factor: (factors.get(key)?.factor ?? 0) + factor, names: of });
  };
  // f = f₀ + Σ aᵢ·(nᵢ − sᵢ) + Σ bᵢⱼ·(nᵢ − sᵢ)·(nⱼ − sⱼ), expanded.
  pairsOf(names).forEach(([a, b], i) => {
    const [da, db, sa, sb] = [step(a), step(b), base[a] ?? 0, base[b] ?? 0];
    const value = values[1 + names.length + i] ?? NaN;
    const mixed = (value - first - (slopes.get(a) ?? 0) * da - (slopes.get(b) ?? 0) * db) / (da * db);
    add(mixed, [a, b]);
    add(-mixed * sb, [a]);
    add(-mixed * sa, [b]);
    add(mixed * sa * sb, []);
  });
  slopes.forEach((slope, name) => {
    add(slope, [name]);
    add(-slope * (base[name] ?? 0), []);
  });
  add(first, []);
  const terms = [...factors.values()].filter(({ factor }) => factor !== 0);
  terms.sort((a, b) => b.names.length - a.names.length || (a.names.join() < b.names.join() ? -1 : 1));
  const extent = { terms };
  const fits = terms.every(({ factor }) => Number.isInteger(factor));
  return fits && points.every((sizes, i) => extentAt(extent, sizes) === values[i]) ? extent : undefined;
}

/** The value of an extent at given sizes. */
export const extentAt = ({ terms }: Extent, sizes: Sizes): number =>
  terms.reduce(
    (sum, { factor, names }) => sum + names.reduce((product, name) => product * (sizes[name] ?? NaN), factor),
    0,
  );

/** `2*batch - 1`; a name alone is itself. */
export function formatExtent({ terms }: Extent): string {
  if (terms.length === 0) return '0';
  return terms
    .map(({ factor, names }, i) => {
      const size = i === 0 ? factor : Math.abs(factor);
      const product = (size === 1 && names.length > 0 ? names : [String(size), ...names]).join('*');
      return i === 0 ? product : `${factor < 0 ? '-' : '+'} ${product}`;
    })
    .join(' ');
}

/** `batch = 11, time = 5`, for messages. */
export const formatSizes = (sizes: Sizes): string =>
  Object.entries(sizes)
    .map(([name, size]) => `${name} = ${size}`)
    .join(', ');

const pairsOf = (names: readonly string[]): readonly (readonly [string, string])[] =>
  names.flatMap((a, i) => names.slice(i + 1).map((b) => [a, b] as const));
