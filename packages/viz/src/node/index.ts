/** What needs Node: PNG and files. */
export { renderPng, type PngOptions } from './render-png.ts';
export { saveFigure, type SavedFigure } from './save-figure.ts';
