// What the browser tells of its GPU.

import { deviceReport } from '../dreamer.js';
import { find, make } from './dom.js';
import { bytes } from './format.js';

// show fills in the report. It fails where there is no WebGPU.
export async function show() {
  const place = find('device-report');
  let report;
  try {
    report = await deviceReport();
  } catch (e) {
    place.replaceChildren(make('p', { className: 'hint' }, e.message));
    throw e;
  }
  const slow = report.tier === 'software';
  find('slow').hidden = !slow;
  const copy = make('button', { type: 'button', className: 'plain', onclick: () => navigator.clipboard.writeText(JSON.stringify(report, null, 2)) }, 'Copy the whole report');
  place.replaceChildren(table({
    'Adapter': report.adapter,
    'Vendor': report.vendor,
    'Architecture': report.architecture,
    'Kernels': slow ? 'for a processor that plays a GPU: slow' : 'for a GPU',
    'Largest binding': bytes(report.limits.maxStorageBufferBindingSize),
    'Largest buffer': bytes(report.limits.maxBufferSize),
    'Workgroup': `${report.limits.maxComputeInvocationsPerWorkgroup} invocations, ${bytes(report.limits.maxComputeWorkgroupStorageSize)} shared`,
    'Features': report.features.toSorted().join(', '),
  }), copy);
}

function table(rows) {
  return make('dl', {}, ...Object.entries(rows).filter(([, value]) => value).flatMap(([name, value]) => [make('dt', {}, name), make('dd', {}, value)]));
}
