/** The switches: solver, tolerance or step, gradient, augmentation, learning rate, engine. */
import type { SceneSpec } from '../scenes/scene.ts';
import { gradientNames, solverNames, type Settings } from '../scenes/settings.ts';
import type { EngineName, Offer } from '../worker/engines.ts';
import { make } from './element.ts';

/** What a visitor has chosen. */
export interface Choice {
  readonly settings: Settings;
  readonly engine: EngineName;
}

/** The switches on the page. */
export interface Controls {
  /** Shows a choice. */
  set(choice: Choice): void;
  /** Which engines can be chosen. */
  offer(offer: Offer): void;
}

/** What engines are called. */
export const engineTitles: Readonly<Record<EngineName, string>> = {
  wasm: 'WebAssembly, built in',
  'onnx-webgpu': 'ONNX Runtime, WebGPU',
  'tfjs-webgpu': 'TensorFlow.js, WebGPU',
};

/** What there is to say of the engines. */
function engineHint({ engines, gpu }: Offer): string {
  if (gpu === undefined) return 'What computes. Those for a GPU are offered where the browser has WebGPU.';
  const isOffered = engines.length > 1;
  if (!gpu.isSoftware) return `What computes. WebGPU is ${gpu.name} here; it pays for large models, these are small.`;
  return isOffered
    ? `What computes. WebGPU is software here (${gpu.name}): right, and very slow.`
    : `What computes. WebGPU is software here (${gpu.name}), and too slow to be offered.`;
}

const tolerances = [1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 1e-5, 1e-6];
const steps = [0.5, 0.25, 0.2, 0.1, 0.05, 0.025, 0.0125];
const rates = [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 2e-2, 3e-2, 0.1, 0.3];

/** Fills a form with the switches of a scene; `onChange` gets every choice that is made. */
export function controlsOf(
  form: HTMLFormElement,
  spec: SceneSpec,
  first: Choice,
  onChange: (choice: Choice) => void,
): Controls {
  let choice = first;
  const change = (settings: Partial<Settings>, engine = choice.engine): void => {
    choice = { settings: { ...choice.settings, ...settings }, engine };
    show();
    onChange(choice);
  };
  const solver = select('solver', 'Solver', titlesOf(solverNames), (name) => {
    change({ solver: name });
  });
  const tolerance = slider('tolerance', 'Tolerance', tolerances, (value) => {
    change({ tolerance: value });
  });
  const h = slider('h', 'Step', steps, (value) => {
    change({ h: value });
  });
  const gradient = select('gradient', 'Gradient', titlesOf(gradientNames), (name) => {
    change({ gradient: name });
  });
  const { label, least, most } = spec.augment;
  const counts = Array.from({ length: most - least + 1 }, (_, i) => least + i);
  const augment = slider('augment', label, counts, (value) => {
    change({ augment: value });
  });
  const rate = slider('rate', 'Learning rate', rates, (value) => {
    change({ learningRate: value });
  });
  const engine = select('engine', 'Engine', engineTitles, (name) => {
    change({}, name);
  });
  hint(solver.element, 'How the equation is integrated.');
  hint(tolerance.element, 'Error allowed in a step. Smaller: more evaluations.');
  hint(h.element, 'This solver takes steps of one size.');
  hint(gradient.element, 'How derivatives of the solve are found.');
  hint(augment.element, 'A change begins the training anew.');
  hint(rate.element, 'Of Adam.');
  const sayOfEngines = hint(engine.element, 'What computes.');
  const show = (): void => {
    const { settings } = choice;
    solver.set(settings.solver);
    tolerance.set(settings.tolerance);
    h.set(settings.h);
    const { isAdaptive } = solverNames[settings.solver];
    [tolerance.element.hidden, h.element.hidden] = [!isAdaptive, isAdaptive];
    gradient.set(settings.gradient);
    augment.set(settings.augment);
    rate.set(settings.learningRate);
    engine.set(choice.engine);
  };
  form.replaceChildren(...[solver, tolerance, h, gradient, augment, rate, engine].map(({ element }) => element));
  engine.offer(['wasm']);
  show();
  return {
    set: (next) => {
      choice = next;
      show();
    },
    offer: (offer) => {
      engine.offer(offer.engines);
      sayOfEngines(engineHint(offer));
      show();
    },
  };
}

/** Puts a sentence below a control; what is given back writes another. */
function hint(element: HTMLElement, text: string): (text: string) => void {
  const control = element.querySelector('select, input');
  const small = make('small', { id: `${control?.id ?? ''}-hint` }, text);
  control?.setAttribute('aria-describedby', small.id);
  element.append(small);
  return (next) => {
    small.textContent = next;
  };
}

const titlesOf = <K extends string>(names: Readonly<Record<K, { readonly title: string }>>): Record<K, string> =>
  Object.fromEntries(keysOf(names).map((name) => [name, names[name].title])) as Record<K, string>;

const keysOf = <K extends string>(record: Readonly<Record<K, unknown>>): K[] => Object.keys(record) as K[];

function select<K extends string>(
  id: string,
  label: string,
  titles: Readonly<Record<K, string>>,
  onChange: (name: K) => void,
) {
  const names = keysOf(titles);
  const options = names.map((name) => make('option', { value: name }, titles[name]));
  const box = make('select', { id }, ...options);
  box.addEventListener('change', () => {
    const name = names.find((one) => one === box.value);
    if (name !== undefined) onChange(name);
  });
  return {
    element: make('div', { class: 'control' }, make('label', { for: id }, label), box),
    set: (name: K): void => {
      box.value = name;
    },
    offer: (some: readonly K[]): void => {
      box.replaceChildren(...options.filter((_, i) => some.some((name) => name === names[i])));
    },
  };
}

function slider(id: string, label: string, values: readonly number[], onChange: (value: number) => void) {
  const output = make('output', { for: id });
  const range = make('input', { type: 'range', id, min: '0', max: String(values.length - 1), step: '1' });
  const read = (): number => values[range.valueAsNumber] ?? NaN;
  const tell = (value: number): void => {
    output.value = numberText(value);
    range.setAttribute('aria-valuetext', output.value);
  };
  range.addEventListener('input', () => {
    tell(read());
  });
  range.addEventListener('change', () => {
    onChange(read());
  });
  return {
    element: make('div', { class: 'control' }, make('label', { for: id }, label, output), range),
    set: (value: number): void => {
      const distance = (v: number): number => Math.abs(Math.log((v + 1e-12) / (value + 1e-12)));
      const nearest = values.reduce((best, v) => (distance(v) < distance(best) ? v : best), values[0] ?? value);
      range.valueAsNumber = values.indexOf(nearest);
      tell(value);
    },
  };
}

/** 0.001 as it is, smaller numbers as powers. */
export const numberText = (value: number): string =>
  value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(0).replace('-', '−') : String(value);
