/** Where in a text a character is. */

/** Line of a character of a text, the first is 1; CR LF and lone CR end lines as LF does. */
export const lineOf = (text: string, index: number): number =>
  1 + (text.slice(0, index).match(/\r\n|\n|\r/g)?.length ?? 0);
