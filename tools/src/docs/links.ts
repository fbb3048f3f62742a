/** What a page of Markdown links to and names. */

const withoutCode = (markdown: string): string => markdown.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '');

/** Targets of links and pictures outside of code, those on the web left out. */
export const linksOf = (markdown: string): readonly string[] =>
  [...withoutCode(markdown).matchAll(/\]\(([^()\s]+)\)/g)]
    .map((match) => match[1] ?? '')
    .filter((target) => !/^[a-z]+:/.test(target));

/** Anchors of the headings, as GitHub makes them. */
export const anchorsOf = (markdown: string): readonly string[] =>
  [...markdown.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^#+ +(.+)$/gm)].map((match) =>
    (match[1] ?? '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );

/** `npm run script -- --option`. */
export interface Command {
  readonly script: string;
  /** Without their hyphens. */
  readonly options: readonly string[];
}

/** npm scripts that are run, with the options that are given to them on the same line. */
export const commandsOf = (markdown: string): readonly Command[] =>
  [...markdown.matchAll(/\bnpm (?:run )?((?:(?<=run )[a-z][\w:-]*)|start|test)(?: -- ([^`\n#|]*))?/g)].map((match) => ({
    script: match[1] ?? '',
    options: [...(match[2] ?? '').matchAll(/(?<!\S)--([a-z][\w-]*)/g)].map((option) => option[1] ?? ''),
  }));
