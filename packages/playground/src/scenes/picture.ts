/** What a scene gives to be drawn: plain arrays, which cross from the worker to the page without a copy. */

/** The part of a plane that a panel shows. */
export interface Bounds {
  readonly x: readonly [from: number, to: number];
  readonly y: readonly [from: number, to: number];
}

/** A vector field on the nodes of a square grid over the panel's bounds. */
export interface FieldLayer {
  /** Nodes along each side. */
  readonly side: number;
  /** Times at which it is known, evenly spaced; 1 where it does not depend on time. */
  readonly times: number;
  /** [times, side rows from below, side columns, 2]. */
  readonly data: Float32Array;
}

/** Points on their way. */
export interface FlowLayer {
  readonly points: number;
  /** Evenly spaced. */
  readonly times: number;
  /** 3 where a further dimension is shown as height. */
  readonly dimensions: 2 | 3;
  /** [times, points, dimensions]. */
  readonly data: Float32Array;
  /** The class of each point, 0 or 1; all are 0 without it. */
  readonly groups?: Uint8Array;
}

/**
 * Numbers on the cells of a square grid, as colours: a density from 0 to its largest, a decision from −1 to 1, or the
 * probabilities of three classes.
 */
export interface MapLayer {
  readonly kind: 'density' | 'decision' | 'classes';
  readonly side: number;
  /** [side rows from below, side columns], at the cells' middles; of classes [side, side, 3]. */
  readonly data: Float32Array;
}

/** A line through points; where one is not finite it is broken. */
export interface CurveLayer {
  readonly role: 'truth' | 'model' | 'beyond';
  /** [points, 2]. */
  readonly data: Float32Array;
}

/** Points that stay where they are. */
export interface DotsLayer {
  /** [points, 2]. */
  readonly data: Float32Array;
  readonly groups?: Uint8Array;
}

/** What a panel shows, from the ground up. */
export interface PanelPicture {
  readonly map?: MapLayer;
  readonly field?: FieldLayer;
  readonly curves?: readonly CurveLayer[];
  readonly dots?: DotsLayer;
  readonly flow?: FlowLayer;
  /** Points that are looked at one by one: drawn large, at the clock's time. */
  readonly markers?: FlowLayer;
}

/** Pictures by the names of the scene's panels. */
export type Picture = Readonly<Record<string, PanelPicture>>;

/** The memory that is handed over with a picture. */
export const buffersOf = (picture: Picture): ArrayBuffer[] =>
  [
    ...new Set(
      Object.values(picture).flatMap(({ map, field, curves = [], dots, flow, markers }) =>
        [map, field, dots, flow, markers, ...curves].map((layer) => layer?.data.buffer),
      ),
    ),
  ].filter((buffer) => buffer instanceof ArrayBuffer);
