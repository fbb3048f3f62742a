/** The place where the page says what went wrong. */
import { byId } from './element.ts';

/** Shows what went wrong, or that nothing did. */
export function problem(message: string | undefined): void {
  const box = byId('problem', HTMLParagraphElement);
  box.hidden = message === undefined;
  box.textContent = message ?? '';
}
