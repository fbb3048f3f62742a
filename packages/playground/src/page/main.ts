/** The page's entry point: the address says which scene is on the stage. */
import { specs, type SceneName } from '../scenes/specs.ts';
import { clockOf } from './clock.ts';
import { byId } from './element.ts';
import { fileView } from './file-view.ts';
import { framesOf } from './frames.ts';
import { themeOf } from './theme.ts';
import { trainingView } from './training-view.ts';
import type { View } from './view.ts';

const sceneNames = Object.keys(specs) as SceneName[];
const software = new URLSearchParams(location.search).get('gpu') === 'software';

let view: View | undefined;
const frames = framesOf((now) => {
  view?.draw(clock.at(now), theme.palette());
  return clock.isRunning();
});
const theme = themeOf(byId('theme', HTMLButtonElement), frames.request);
const clock = clockOf(frames.request);

/** Puts what the address names on the stage; the first scene, if it names nothing. */
function open(): void {
  const name = location.hash.slice(1);
  const scene = sceneNames.find((one) => one === name) ?? (name === 'yours' ? undefined : 'spirals');
  const shown = scene ?? 'yours';
  view?.end();
  for (const link of document.querySelectorAll('nav a')) {
    if (link.getAttribute('href') === `#${shown}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  for (const article of document.querySelectorAll<HTMLElement>('.story article')) {
    article.classList.toggle('shown', article.dataset['scene'] === shown);
  }
  const isFile = scene === undefined;
  byId('bar', HTMLDivElement).hidden = isFile;
  byId('charts', HTMLDivElement).hidden = isFile;
  byId('controls', HTMLFormElement).hidden = isFile;
  byId('file-bar', HTMLDivElement).hidden = !isFile;
  const { from, to } = isFile ? { from: 0, to: 1 } : specs[scene].time;
  clock.span(from, to);
  const story = document.querySelector(`.story article[data-scene="${shown}"]`) ?? document;
  view = isFile
    ? fileView({ clock, onNews: frames.request })
    : trainingView({ scene, story, software, onNews: frames.request });
  frames.request();
}

document.querySelector('.skip')?.addEventListener('click', (event) => {
  // The address names a scene, and keeps it.
  event.preventDefault();
  byId('stage', HTMLElement).focus();
});
addEventListener('hashchange', open);
addEventListener('resize', frames.request);
byId('controls', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault();
});
open();
