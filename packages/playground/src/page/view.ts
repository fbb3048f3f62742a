/** What fills the stage: a scene that is trained, or a file that was loaded. */
import type { FlowTime } from './clock.ts';
import type { Palette } from './theme.ts';

/** Something on the stage. */
export interface View {
  draw(time: FlowTime, palette: Palette): void;
  /** Ends its worker and its listeners. */
  end(): void;
}
