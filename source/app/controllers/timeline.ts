/** The picture of the incident: scrolled, copied, written to a file. */
import { formatLsn } from '../../bytes/lsn.js';
import { printable } from '../../bytes/printable.js';
import { forkDiagram, forkDiagramSpans } from '../../incident/diagram.js';
import type { IncidentOverview, LossFigures, WalGap } from '../../incident/model.js';
import type { Context } from '../bindings/binding.js';
import { completeField, restarted } from '../completion.js';
import { expandHome, writeNewFile } from '../files.js';
import type { KeyPress } from '../keys.js';
import { isServerUrl } from '../server-url.js';
import type { Line } from '../span.js';
import { editField, fieldText, type TextField, textField } from '../text-field.js';
import { errorText, type Host } from './host.js';

/** Columns of the picture as plain text: what a channel shows without breaking lines. */
const PLAIN_COLUMNS = 80;

/** What the timeline asks of the application. */
export interface TimelineExits {
  list(): void;
  export(): void;
  preserve(): void;
  back(): void;
  swap(): void;
  fork(): void;
  copy(text: string): void;
  /** Directories whose path begins with a text. */
  complete(text: string): readonly string[];
  /** The absolute path that a typed text stands for. */
  resolve(text: string): string;
  /** Opens both sides again with one more place; the reason when it cannot be. */
  add(side: WalGap['side'], place: string): Promise<string | undefined>;
  /** Asks whether the configured restore_command may be run. */
  restore(): void;
  /** Both sides and the loss, as of now. */
  incident(): { readonly overview: IncidentOverview; readonly loss: LossFigures };
}

/** State and actions of the timeline screen. */
export class TimelineController {
  top = 0;
  saving = false;
  /** The side that a place is being added to. */
  adding: WalGap['side'] | undefined;
  /** The place is being looked at. */
  busy = false;
  candidates: readonly string[] = [];
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
    if (this.adding) return 'timeline-place';
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

  /** What can be done about missing WAL, when some is missing. */
  get advice(): string | undefined {
    const { overview } = this.#exits.incident();
    if (overview.gaps.length === 0 || this.adding || this.saving) return undefined;
    const restorable = [overview.old, overview.new].some(
      ({ archive }) => archive?.restoreCommand && !archive.restoreCommand.used,
    );
    return `WAL is missing: p adds a place that may have it${restorable ? '; r runs the configured restore_command, after asking' : ''}`;
  }

  edit(press: KeyPress): boolean {
    const field = editField(this.field, press);
    if (!field) return false;
    this.field = this.adding ? restarted(field) : field;
    this.fieldProblem = undefined;
    this.candidates = [];
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
      preserve: () => this.#exits.preserve(),
      swap: () => this.#exits.swap(),
      fork: () => this.#exits.fork(),
      copy: () => this.#exits.copy(this.#plainText()),
      save: () => this.#askPath(),
      'add-old': () => this.#askPlace('old'),
      'add-new': () => this.#askPlace('new'),
      restore: () => this.#exits.restore(),
      complete: () => this.#complete(),
      accept: () => void (this.adding ? this.#add(this.adding) : this.#save()),
      back: () => {
        if (this.adding) this.adding = undefined;
        else if (this.saving) this.saving = false;
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

  #askPlace(side: WalGap['side']): void {
    this.adding = side;
    this.fieldProblem = undefined;
    this.candidates = [];
    const { overview } = this.#exits.incident();
    // Where the configuration says that the archive is, or next to the side itself.
    const { archive, path, kind } = overview[side];
    const beside = kind === 'server' ? '/' : `${path.slice(0, path.lastIndexOf('/') + 1)}`;
    this.field = textField(archive?.directory?.path ?? beside);
  }

  #complete(): void {
    if (isServerUrl(fieldText(this.field))) return;
    const { field, candidates, problem } = completeField(this.field, (text) => this.#exits.complete(text));
    this.field = field;
    this.candidates = candidates;
    this.fieldProblem = problem;
  }

  async #add(side: WalGap['side']): Promise<void> {
    const typed = fieldText(this.field).trim();
    if (typed === '' || this.busy) return;
    this.busy = true;
    this.#host.redraw();
    try {
      const place = isServerUrl(typed) ? typed : this.#exits.resolve(typed);
      const problem = await this.#exits.add(side, place);
      if (problem === undefined) this.adding = undefined;
      else this.fieldProblem = problem;
    } finally {
      this.busy = false;
      this.#host.redraw();
    }
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
