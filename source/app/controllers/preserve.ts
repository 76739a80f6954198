/** Preserving what was lost: why now, where to, how far it is, and where it is afterwards. */
import { dirname, join } from 'node:path';
import { formatLsn } from '../../bytes/lsn.js';
import { refuseReadOnlyPlace } from '../../bytes/read-only-place.js';
import type { IncidentOverview, IncidentRequest } from '../../incident/model.js';
import type { Preserved, PreserveProgress } from '../../preserve/preserve.js';
import type { PreserveRun, Preserving } from '../../preserve/preserving.js';
import { openingCommand } from '../../preserve/words.js';
import type { Context } from '../bindings/binding.js';
import { completeField, restarted } from '../completion.js';
import type { KeyPress } from '../keys.js';
import { editField, fieldText, type TextField, textField } from '../text-field.js';
import { errorText, type Host } from './host.js';

/** Where preserving stands. */
export type PreserveState = 'form' | 'copying' | 'done';

/** What the preserve screen asks of the application. */
export interface PreserveExits {
  /** On to the picture of the incident. */
  back(): void;
  copy(text: string): void;
  /** Directories whose path begins with `text`. */
  complete(text: string): readonly string[];
  /** The absolute path that a typed text stands for. */
  resolve(text: string): string;
  /** Opens the copy as the old side. */
  open(directory: string): void;
}

/** What is to be preserved. */
export interface PreserveSource {
  readonly request: IncidentRequest;
  readonly overview: IncidentOverview;
  readonly workingDirectory: string;
}

/** A directory to propose: named after the fork, in the working directory, or above it where that is PostgreSQL's own. */
function proposedDirectory(fork: number, workingDirectory: string): string {
  const name = `forkpoint-preserved-${formatLsn(fork).replace('/', '-')}`;
  for (let base = workingDirectory; ; base = dirname(base)) {
    try {
      refuseReadOnlyPlace(base);
      return base === workingDirectory ? `./${name}` : join(base, name);
    } catch {
      if (base === dirname(base)) return `./${name}`;
    }
  }
}

/** State and actions of the preserve screen. */
export class PreserveController {
  state: PreserveState = 'form';
  /** Why it is better done now; one sentence each. */
  readonly risks: readonly string[];
  field: TextField;
  candidates: readonly string[] = [];
  /** Why it did not come to its end. */
  problem: string | undefined;
  /** It ended because the operator wanted it to. */
  stopped = false;
  progress: PreserveProgress | undefined;
  preserved: Preserved | undefined;
  /** Absolute path that is being copied to. */
  output = '';
  readonly source: PreserveSource;
  readonly #preserving: Preserving;
  readonly #host: Host;
  readonly #exits: PreserveExits;
  #run: PreserveRun | undefined;
  #stopping = false;

  constructor(
    preserving: Preserving,
    source: PreserveSource,
    risks: readonly string[],
    host: Host,
    exits: PreserveExits,
  ) {
    this.#preserving = preserving;
    this.source = source;
    this.risks = risks;
    this.#host = host;
    this.#exits = exits;
    this.field = textField(proposedDirectory(source.overview.fork.lsn, source.workingDirectory));
  }

  get context(): Context {
    if (this.state === 'copying') return 'preserve-copying';
    return this.state === 'done' ? 'preserve-done' : 'preserve';
  }

  /** It was asked to stop, and is coming to an end. */
  get stopping(): boolean {
    return this.#stopping;
  }

  /** The command that opens the copy later; undefined before there is one. */
  get command(): string | undefined {
    const directory = this.preserved?.directory;
    return directory === undefined ? undefined : openingCommand(directory, this.source.request.new);
  }

  edit(press: KeyPress): boolean {
    const field = editField(this.field, press);
    if (!field) return false;
    this.field = restarted(field);
    this.problem = undefined;
    this.stopped = false;
    this.candidates = [];
    this.#host.redraw();
    return true;
  }

  run(action: string): void {
    const actions: Record<string, () => void> = {
      accept: () => void this.#begin(),
      complete: () => this.#complete(),
      stop: () => this.#stop(),
      leave: () => this.#exits.back(),
      copy: () => this.command && this.#exits.copy(`${this.command}\n`),
      open: () => this.preserved?.directory && this.#exits.open(this.preserved.directory),
      again: () => (this.state = 'form'),
      back: () => this.#exits.back(),
    };
    actions[action]?.();
    this.#host.redraw();
  }

  /** Stops what is under way; resolves when it has ended. */
  async close(): Promise<void> {
    const { done, end } = this.#run ?? {};
    await end?.();
    await done?.catch(() => undefined);
  }

  #stop(): void {
    if (this.state !== 'copying') return;
    this.#stopping = true;
    this.#run?.stop();
  }

  #complete(): void {
    const { field, candidates, problem } = completeField(this.field, (text) => this.#exits.complete(text));
    this.field = field;
    this.candidates = candidates;
    this.problem = problem;
  }

  async #begin(): Promise<void> {
    const typed = fieldText(this.field).trim();
    if (typed === '') {
      this.problem = 'name a directory to copy to';
      return;
    }
    this.output = this.#exits.resolve(typed);
    this.state = 'copying';
    this.progress = undefined;
    this.problem = undefined;
    this.stopped = false;
    this.candidates = [];
    this.#stopping = false;
    try {
      this.#run = this.#preserving.begin(this.source.request, this.output, (progress) => {
        this.progress = progress;
        this.#host.redraw();
      });
      this.preserved = await this.#run.done;
      this.state = 'done';
    } catch (error) {
      this.state = 'form';
      this.stopped = this.#stopping;
      if (!this.#stopping) this.problem = errorText(error);
    }
    this.#stopping = false;
    this.#host.redraw();
  }
}
