// Figures as people read them.

const units = ['B', 'kB', 'MB', 'GB', 'TB'];

// bytes returns 1.6 MB for 1582016, in units of the given total where there is one.
export function bytes(n, of = n) {
  const unit = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(of, 1)) / 3)));
  const value = n / 1000 ** unit;
  return `${value.toFixed(unit > 0 && value < 100 ? 1 : 0)} ${units[unit]}`;
}

// duration returns 1 min 20 s for 80.
export function duration(seconds) {
  const s = Math.ceil(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor(s % 3600 / 60)} min`;
}

// count returns 2.6 M for 2600000.
export function count(n) {
  return new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 }).format(n);
}

// rate returns a speed such as 7.31 tok/s, with three digits.
export function rate(perSecond) {
  return `${Number(perSecond.toPrecision(3))} tok/s`;
}
