// What the processes that a test has started take of the processors, on Linux.

import { readFileSync, readdirSync } from 'node:fs';

const ticksPerSecond = 100;

// processorTime returns the seconds that this process and its descendants have taken.
export function processorTime() {
  const processes = new Map(); // {parent, seconds} by id
  for (const id of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    let stat;
    try {
      stat = readFileSync(`/proc/${id}/stat`, 'utf8');
    } catch {
      continue; // it has ended
    }
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    processes.set(id, { parent: fields[1], seconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond });
  }
  const mine = id => id === String(process.pid) || processes.has(id) && mine(processes.get(id).parent);
  let sum = 0;
  for (const [id, { seconds }] of processes) if (mine(id)) sum += seconds;
  return sum;
}
