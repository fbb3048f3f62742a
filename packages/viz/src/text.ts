/** How wide text is, without a browser: advance widths of DejaVu Sans, the font that pictures name first. */

/** DejaVu Sans where it is installed (the PNG renderer brings it), else a font that is no wider. */
export const fontFamily = 'DejaVu Sans, Verdana, Helvetica, Arial, sans-serif';

/** Sizes in pixels. */
export const fontSize = { title: 15, label: 13, tick: 12 } as const;

/** Advances of the printable ASCII characters, from space on, in thousandths of the font size. */
const advances = [
  318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636, 636, 636, 636, 636,
  636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632, 575, 775, 752, 295, 295, 656, 557, 863,
  748, 787, 603, 787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838, 500, 500, 613, 635, 550, 635,
  615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612, 635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636,
  337, 636, 838,
];

/** Of a character that is not in the table: as wide as an m-dash of mathematics. */
const otherAdvance = 838;
/** DejaVu Sans Bold against DejaVu Sans. */
const boldFactor = 1.13;

/** Width of a line of text in pixels. */
export function textWidth(text: string, size: number, bold = false): number {
  let sum = 0;
  for (const character of text) sum += advances[(character.codePointAt(0) ?? 0) - 32] ?? otherAdvance;
  return (sum / 1000) * size * (bold ? boldFactor : 1);
}

/** Breaks text between words into lines no wider than `width`; a longer word keeps a line of its own. */
export function wrap(text: string, width: number, size: number, bold = false): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter((w) => w !== '')) {
    const last = lines[lines.length - 1];
    const longer = last === undefined ? word : `${last} ${word}`;
    if (last !== undefined && textWidth(longer, size, bold) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}
