/** The picture of the incident: scrolled, copied, written to a file. */
import { formatLsn } from '../../bytes/lsn.js';
import { printable } from '../../bytes/printable.js';
import { forkDiagram, forkDiagramSpans } from '../../incident/diagram.js';
import type { IncidentOverview, LossFigures } from '../../incident/model.js';
import { expandHome, writeNewFile } from '../files.js';
import type { Context } from '../keymap.js';
import type { KeyPress } from '../keys.js';
import type { Line } from '../span.js';
import { editField, fieldText, type TextField, textField } from '../text-field.js';
import { errorText, type Host } from './host.js';

/** Columns of the picture as plain text: what a channel shows without breaking lines. */
const PLAIN_COLUMNS = 80;

/** What the timeline asks of the application. */
export interface TimelineExits {
  list(): void;
  export(): void;
  back(): void;
  swap(): void;
  fork(): void;
  copy(text: string): void;
  /** Both sides and the loss, as of now. */
  incident(): { readonly overview: IncidentOverview; readonly loss: LossFigures };
}

/** State and actions of the timeline screen. */
export class TimelineController {
  top = 0;
  saving = false;
  field: TextField = textField();
  fieldProblem: string | undefined;
  height = 10;
  #host: Host;
  #exits: TimelineExits;
  #drawn:
    | { overview: IncidentOverview; loss: LossFigures; width: number; lines: readonly Line[] }
    | undefined;

  constructor(host: Host, exits: TimelineExits) {
    this.#host = host;
    this.#exits = exits;
  }

  get context(): Context {
    return this.saving ? 'timeline-save' : 'timeline';
  }

  /** All lines of the picture at a width. */
  lines(width: number): readonly Line[] {
    const { overview, loss } = this.#exits.incident();
    const drawn = this.#drawn;
    if (drawn?.overview === overview && drawn.loss === loss && drawn.width === width) return drawn.lines;
    const lines = forkDiagramSpans(overview, loss, width);
    this.#drawn = { overview, loss, width, lines };
    return lines;
  }

  edit(press: KeyPress): boolean {
    const field = editField(this.field, press);
    if (!field) return false;
    this.field = field;
    this.fieldProblem = undefined;
    this.#host.redraw();
    return true;
  }

  run(action: string): void {
    const actions: Record<string, () => void> = {
      down: () => this.#scroll(1),
      up: () => this.#scroll(-1),
      'half-down': () => this.#scroll(Math.ceil(this.height / 2)),
      'half-up': () => this.#scroll(-Math.ceil(this.height / 2)),
      'page-down': () => this.#scroll(this.height),
      'page-up': () => this.#scroll(-this.height),
      home: () => this.#scroll(Number.NEGATIVE_INFINITY),
      end: () => this.#scroll(Number.POSITIVE_INFINITY),
      list: () => this.#exits.list(),
      export: () => this.#exits.export(),
      swap: () => this.#exits.swap(),
      fork: () => this.#exits.fork(),
      copy: () => this.#exits.copy(this.#plainText()),
      save: () => this.#askPath(),
      accept: () => void this.#save(),
      back: () => {
        if (this.saving) this.saving = false;
        else this.#exits.back();
      },
    };
    actions[action]?.();
    this.#host.redraw();
  }

  #scroll(lines: number): void {
    const last = Math.max(0, this.lines(this.#host.size.columns).length - this.height);
    this.top = Math.max(0, Math.min(last, this.top + lines));
  }

  #plainText(): string {
    const { overview, loss } = this.#exits.incident();
    return `${forkDiagram(overview, loss, PLAIN_COLUMNS).join('\n')}\n`;
  }

  #askPath(): void {
    const { overview } = this.#exits.incident();
    this.saving = true;
    this.fieldProblem = undefined;
    this.field = textField(`./forkpoint-${formatLsn(overview.fork.lsn).replace('/', '-')}.txt`);
  }

  async #save(): Promise<void> {
    const path = expandHome(fieldText(this.field).trim());
    try {
      await writeNewFile(path, this.#plainText());
      this.saving = false;
      this.#host.say(`written to ${printable(path)}`);
    } catch (error) {
      const taken = (error as NodeJS.ErrnoException).code === 'EEXIST';
      this.fieldProblem = taken ? `${path} is there already: choose another name` : errorText(error);
    }
    this.#host.redraw();
  }
}
