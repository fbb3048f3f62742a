/** Networks of three parts: what comes before the block, the block, and what comes after it. */
import type { Model, Tensor } from '@node-ode/core';
import type { Layer } from '@node-ode/nn';
import type { NeuralOde } from './neural-ode.ts';

/** Parameters of a network, by part. */
export interface NetworkParams<Stem, Block, Head> {
  readonly stem: Stem;
  readonly block: Block;
  readonly head: Head;
}

/** The parts of a network. */
export interface NetworkParts<Stem, Block, Head> {
  readonly stem: Layer<Stem>;
  readonly block: Layer<Block>;
  readonly head: Layer<Head>;
}

/** A network from [samples, …] to [samples, outputs] whose parts can be applied by themselves. */
export interface Network<Stem, Block, Head>
  extends Model<NetworkParams<Stem, Block, Head>, Tensor, Tensor>, NetworkParts<Stem, Block, Head> {
  readonly loss?: never;
}

/** A network whose block is an ODE: `block.solve` gives the features in between, and what the solver did. */
export interface OdeNet<Stem, Block, Head> extends Network<Stem, Block, Head> {
  readonly block: NeuralOde<Block, Tensor>;
}

/**
 * A network of parts.
 *
 * @example
 * const net = network('mine', { stem: linear(4, 16), block: neuralOde({ dynamics: timeMlp({ sizes: [16, 16] }), ode }), head: linear(16, 3) });
 */
export const network = <Stem, Block, Head>(
  name: string,
  { stem, block, head }: NetworkParts<Stem, Block, Head>,
): Network<Stem, Block, Head> => ({
  name,
  stem,
  block,
  head,
  init: (random) => ({ stem: stem.init(random), block: block.init(random), head: head.init(random) }),
  apply: (params, x) => head.apply(params.head, block.apply(params.block, stem.apply(params.stem, x))),
});

/**
 * A network without its block: stem and head alone. What the block is worth is what it adds to this.
 *
 * @example
 * const fair = classifier(withoutBlock(imageOdeNet({ ode, channels: 1, outputs: 10 })));
 */
export const withoutBlock = <Stem, Block, Head>({
  name,
  stem,
  head,
}: Network<Stem, Block, Head>): Network<Stem, readonly [], Head> =>
  network(`${name} without its block`, {
    stem,
    head,
    block: { name: 'none', init: (): readonly [] => [], apply: (_params, x) => x },
  });
