/** As `indsigt help event` describes it. */
export type Event = Record<string, unknown>;

export class Refused extends Error {
  error: string;
  reason: string;
  event?: Event;
}

export class Unavailable extends Error {
  events: Event[];
  refused: Refused[];
}

export class Reporter {
  /** `patience` in milliseconds. */
  constructor(options?: { address?: string; token?: string; patience?: number });
  report(event: Event): Promise<void>;
  reportMany(events: Event[]): Promise<Refused[]>;
}
