/** What needs Node: PNG, GIF and files. */
export { renderGif, type GifOptions } from './render-gif.ts';
export { renderPng, type PngOptions } from './render-png.ts';
export { saveAnimation, type SavedAnimation } from './save-animation.ts';
export { saveFigure, type SavedFigure } from './save-figure.ts';
