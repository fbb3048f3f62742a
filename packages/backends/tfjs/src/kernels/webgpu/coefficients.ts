/**
 * Coefficients of functions in WGSL, in f32, lowest order first; written by tools/references/wgsl_math.py (mpmath),
 * never by hand.
 */
/** log 2 as a head, whose product with an exponent is exact, and the rest. */
export const ln2 = [0.693115234375, 3.194618329871446e-5] as const;

/** r·coth(r/2) − 2 as z times a polynomial in z = r², for |r| ≤ ½·log 2. */
export const expSeries: readonly number[] = [0.1666661649942398, -0.0027657579630613327];

/** (2·artanh(s)/s − 2)/z as a polynomial in z = s², for s = f/(2 + f), 1 + f from √½ to √2. */
export const logSeries: readonly number[] = [0.6666677594184875, 0.3997756242752075, 0.29871585965156555];

/** tanh(x)/x as a rational function of x², for |x| ≤ 9.02. */
export const tanhRational = {
  numerator: [1, 0.13382688164710999, 0.003497457830235362, 2.063582360278815e-5, 1.3384294561546994e-8],
  denominator: [1, 0.46716010570526123, 0.025884361937642097, 0.00032885174732655287, 7.790251856931718e-7],
} as const;

/** erf(x)/x as a rational function of x², for |x| ≤ 3.925. */
export const erfRational = {
  numerator: [
    1.3399499654769897, 0.22633163630962372, 0.0626637414097786, 0.004479969851672649, 0.00033825350692495704,
    2.429651658530929e-6,
  ],
  denominator: [
    1.187499761581421, 0.5964137315750122, 0.13559260964393616, 0.017792681232094765, 0.001382097601890564,
    4.518176501733251e-5,
  ],
} as const;

/** (sin(r)/r − 1)/z as a polynomial in z = r², for |r| ≤ π/4. */
export const sinSeries: readonly number[] = [-0.16666655242443085, 0.008332155644893646, -0.00019514629093464464];

/** (cos(r) − 1 + z/2)/z² as a polynomial in z = r², for |r| ≤ π/4. */
export const cosSeries: readonly number[] = [0.04166664555668831, -0.0013887364184483886, 2.4438015316263773e-5];

/** (atan(t)/t − 1)/z as a polynomial in z = t², for |t| ≤ tan(π/8). */
export const atanSeries: readonly number[] = [
  -0.3333294689655304, 0.19977648556232452, -0.13876964151859283, 0.08051241934299469,
];

/** 2/π: a word of 32 zeros, then its bits after the binary point. */
export const twoOverPi: readonly number[] = [
  0, 0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0, 0xdb629599, 0x3c439041, 0xfe5163ab, 0xdebbc561, 0xb7246e3a,
];
