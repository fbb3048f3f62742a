/** Words that the errors of reading a model share. */

/** The operation that the errors name. */
export const decoding = 'loadOnnx';

const longest = 60;

/** A name from a file, in quotes; a hostile one may be megabytes long. */
export const quote = (name: string): string => (name.length > longest ? `'${name.slice(0, longest)}…'` : `'${name}'`);
