// Models that `dreamer web DIR` or `dreamer bridge DIR` serves from this machine.

// link returns the bridge's address from a page's, whose fragment has it, or
// null: #bridge=/TOKEN/ or #bridge=http://127.0.0.1:PORT/TOKEN/.
export function link(location) {
  const found = /^#bridge=(.+)$/.exec(location.hash)?.[1];
  if (!found || !URL.canParse(found, location.href)) return null;
  const url = new URL(found, location.href);
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

// models lists a bridge's models: {name, bytes, url}.
export async function models(link) {
  const list = new URL('models', link);
  let response;
  try {
    response = await fetch(list, { cache: 'no-store', credentials: 'omit' });
  } catch {
    throw new Error(`The bridge does not answer this page. Is it running, with -origin ${location.origin}?`);
  }
  if (!response.ok) {
    throw new Error(`The bridge answers ${response.status}: the link is of an earlier start, or not for pages of ${location.origin}.`);
  }
  const { models } = await response.json();
  return models.map(m => ({ ...m, url: new URL(m.url, list).href }));
}
