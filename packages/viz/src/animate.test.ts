import { OptionError, ShapeError } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { animate, type Figure } from './index.ts';

const blank = (time: number): Figure => ({ svg: `<svg>${time}</svg>`, width: 10, height: 20 });

describe('animate', () => {
  it('draws at equal distances, both ends among them', () => {
    const { frames, seconds } = animate(blank, { from: 2, to: -2, frames: 5, seconds: 10, hold: 3 });
    expect(frames.map(({ svg }) => svg)).toEqual([2, 1, 0, -1, -2].map((t) => blank(t).svg));
    expect(seconds).toEqual([2, 2, 2, 2, 5]);
  });

  it('has one frame at the end, if only one is asked for', () => {
    expect(animate(blank, { to: 3, frames: 1 }).frames).toEqual([blank(3)]);
  });

  it('refuses frames of several sizes', () => {
    const growing = (time: number): Figure => ({ ...blank(time), width: 10 + time });
    expect(() => animate(growing, { frames: 2 })).toThrow(ShapeError);
    expect(() => animate(growing, { frames: 2 })).toThrow('a frame of 11 × 20 pixels after one of 10 × 20');
  });

  it.each([{ from: NaN }, { to: Infinity }, { frames: 0 }, { frames: 2.5 }, { seconds: 0 }, { hold: -1 }])(
    'refuses %o',
    (options) => expect(() => animate(blank, options)).toThrow(OptionError),
  );
});
