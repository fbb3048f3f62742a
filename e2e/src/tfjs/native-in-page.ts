/** What `native.ts` is in a page: `browser` of package.json says so to the bundler. */

/** @throws Error */
export const openNative = (build: string): Promise<never> =>
  Promise.reject(new Error(`@tensorflow/${build} is a native addon of Node: no browser has it`));
