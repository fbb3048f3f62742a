/** SVG as strings: elements with escaped attributes and text. */

/** Attributes; those that are undefined are left out, numbers are rounded to a hundredth of a pixel. */
export type Attributes = Readonly<Record<string, string | number | undefined>>;

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text that is safe in content and in attributes. Control characters, which XML has none of, become spaces. */
export const escapeText = (text: string): string =>
  // eslint-disable-next-line no-control-regex
  text.replace(/[\u0000-\u001f\ufffe\uffff]/g, ' ').replace(/[&<>"]/g, (character) => escapes[character] ?? character);

/** A number with at most two decimals. */
export const round = (x: number): number => Math.round(x * 100) / 100;

/** One element with its children, which are already SVG. */
export function element(name: string, attributes: Attributes, children: readonly string[] = []): string {
  const written = Object.entries(attributes)
    .filter((entry): entry is [string, string | number] => entry[1] !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? round(value) : escapeText(value)}"`)
    .join('');
  return children.length === 0 ? `<${name}${written}/>` : `<${name}${written}>${children.join('')}</${name}>`;
}

/** A text element. */
export const label = (content: string, attributes: Attributes): string =>
  element('text', attributes, [escapeText(content)]);

/** Moves elements. */
export const translate = (x: number, y: number, children: readonly string[]): string =>
  element('g', { transform: `translate(${round(x)},${round(y)})` }, children);
