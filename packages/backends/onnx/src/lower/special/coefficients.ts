/**
 * Coefficients of functions made of simpler operators; written by tools/references/onnx_math.py (mpmath), never by
 * hand.
 */
/** From here on erf(x) rounds to 1. */
export const erfSaturation = 5.93;

/** erf(x)/x as P(x²)/Q(x²): the coefficients of P and Q in pairs, lowest order first. */
export const erfRational: readonly (readonly [number, number])[] = [
  [1.1283791670955126, 1],
  [0.22016086078482894, 0.5284458160917025],
  [0.06611948957644716, 0.13474547732377423],
  [0.006888927364202663, 0.02198525422574959],
  [0.0008556022954211965, 0.002564541745686135],
  [5.6936638397690246e-5, 0.00022607360746165287],
  [3.900025062163761e-6, 1.5496915057100258e-5],
  [1.6945608871777814e-7, 8.349206950403028e-7],
  [6.7591255595412064e-9, 3.5150909563347553e-8],
  [1.7195649513339964e-10, 1.124434393778528e-9],
  [3.3364234589843e-12, 2.549183343380069e-11],
  [2.2270829684581008e-14, 3.3193156340199095e-13],
  [1.5715906106773712e-17, 8.852218303826935e-16],
];

/** (sin(r)/r − 1)/z as a polynomial in z = r², lowest order first, for |r| ≤ π/2 in f32. */
export const sinSeries: readonly number[] = [
  -0.16666659712791443, 0.008333064615726471, -0.00019809474179055542, 2.605481085993233e-6,
];

/** π as a sum: products of the first two with integers below 2¹³ are exact in f32. */
export const piParts: readonly number[] = [3.140625, 0.0009675025939941406, 1.5099580252808664e-7];
