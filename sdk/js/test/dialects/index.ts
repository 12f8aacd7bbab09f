/** All scenarios of all dialects. */
import { acsCalls } from './acs-calls.ts';
import { acs } from './acs.ts';
import { enablexApps } from './enablex-apps.ts';
import { enablex } from './enablex.ts';
import { ios } from './ios.ts';
import { Stage, type Scenario, type Setup } from './stage.ts';

export const scenarios: Scenario[] = [...enablex, ...enablexApps, ...ios, ...acs, ...acsCalls];

/** Runs one scenario in a room of its own; throws its failure. */
export async function play(setup: Setup, scenario: Scenario, room: string): Promise<void> {
  const stage = new Stage(setup, room);
  try {
    await scenario.run(stage);
  } finally {
    stage.end();
  }
}
