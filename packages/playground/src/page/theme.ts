/** Light and dark: the colours are CSS's, and canvases read theirs from there. */

/** Colours of canvases. */
export interface Palette {
  readonly card: string;
  readonly ink: string;
  readonly soft: string;
  readonly grid: string;
  readonly first: string;
  readonly second: string;
  readonly third: string;
  readonly truth: string;
  readonly arrow: string;
}

const names = ['card', 'ink', 'soft', 'grid', 'first', 'second', 'third', 'truth', 'arrow'] as const;

function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const entries = names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()] as const);
  return Object.fromEntries(entries) as Record<(typeof names)[number], string>;
}

/** The theme of the page. */
export interface Theme {
  palette(): Palette;
}

/** Keeps a button that changes the theme; `onChange` is told when there are other colours. */
export function themeOf(button: HTMLButtonElement, onChange: () => void): Theme {
  let palette = readPalette();
  const apply = (name: 'light' | 'dark'): void => {
    document.documentElement.dataset['theme'] = name;
    button.setAttribute('aria-pressed', String(name === 'dark'));
    palette = readPalette();
    onChange();
  };
  const current = (): 'light' | 'dark' => (document.documentElement.dataset['theme'] === 'dark' ? 'dark' : 'light');
  button.setAttribute('aria-pressed', String(current() === 'dark'));
  button.addEventListener('click', () => {
    const next = current() === 'dark' ? 'light' : 'dark';
    localStorage.setItem('theme', next);
    apply(next);
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', ({ matches }) => {
    if (localStorage.getItem('theme') === null) apply(matches ? 'dark' : 'light');
  });
  return { palette: () => palette };
}
