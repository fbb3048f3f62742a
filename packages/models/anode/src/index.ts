/** Augmented Neural ODEs (Dupont et al. 2019). */
export {};
