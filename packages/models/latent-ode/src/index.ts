/** Latent ODEs for irregular time series (Chen et al. 2018, Rubanova et al. 2019). */
export {};
