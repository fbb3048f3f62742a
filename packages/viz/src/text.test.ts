import { describe, expect, it } from 'vitest';
import { escapeText } from './svg.ts';
import { textWidth, wrap } from './text.ts';

describe('text', () => {
  it('is as wide as DejaVu Sans', () => {
    // advances of H, e, l, l, o in the font: 1540, 1260, 569, 569, 1253 of 2048
    expect(textWidth('Hello', 2048)).toBeCloseTo(1540 + 1260 + 569 + 569 + 1253, -1);
    expect(textWidth('', 12)).toBe(0);
  });

  it('breaks between words', () => {
    expect(wrap('one two three', textWidth('one two', 10), 10)).toEqual(['one two', 'three']);
    expect(wrap('incomprehensibilities', 5, 10)).toEqual(['incomprehensibilities']);
    expect(wrap('  ', 5, 10)).toEqual([]);
  });

  it('is escaped', () => {
    expect(escapeText('a < b & "c" > d\u0000')).toBe('a &lt; b &amp; &quot;c&quot; &gt; d ');
  });
});
