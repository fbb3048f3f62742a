/** Continuous normalizing flows (Chen et al. 2018, FFJORD, RNODE). */
export {};
