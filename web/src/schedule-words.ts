/** Scheduled commands, in words. */
import type { ScheduleState } from '@sideroom/client';

const EVENTS: Record<string, string> = {
  open: 'The rooms open',
  close: 'The rooms close',
  clear: 'Everybody returns to the main room',
  shuffle: 'People are shuffled',
  destroy: 'The breakouts end',
  move: 'People are moved',
  update_breakout_settings: 'The rules change',
  start_intercom: 'An announcement begins',
  create_breakouts: 'New rooms are made',
  create_and_invite: 'New rooms are made',
};

/** `The rooms open`. */
export function eventOf({ command }: ScheduleState): string {
  return EVENTS[command] ?? `A command is carried out (${command.replaceAll('_', ' ')})`;
}
