export type Format = ReturnType<typeof makeFormat>;

/** Writes numbers the way people say them. */
export function makeFormat() {
  /** US dollars: usually in cents, and more digits below a cent. */
  function usd(amount: number): string {
    if (amount > 0 && amount < 0.01) return `$${Number(amount.toPrecision(2))}`;
    return `$${amount.toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
  }

  /** Seconds: "4.5 s", "4 min 12 s", "1 h 3 min". */
  function length(seconds: number): string {
    if (seconds < 59.5) return `${seconds < 10 ? Math.round(seconds * 10) / 10 : Math.round(seconds)} s`;
    const whole = Math.round(seconds);
    const minutes = Math.floor(whole / 60);
    if (minutes < 60) return whole % 60 === 0 ? `${minutes} min` : `${minutes} min ${whole % 60} s`;
    return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  }

  /** Seconds as a counter: "0:04". */
  function counter(seconds: number): string {
    const whole = Math.floor(seconds);
    return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
  }

  function bytes(count: number): string {
    if (count < 1e6) return `${Math.max(1, Math.round(count / 1e3))} kB`;
    return `${(count / 1e6).toFixed(count < 1e7 ? 1 : 0)} MB`;
  }

  /** Milliseconds since 1970, in the reader's zone and language. */
  function moment(ms: number): string {
    return new Date(ms).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
  }

  function count(n: number, one: string, many = `${one}s`): string {
    return `${n.toLocaleString('en')} ${n === 1 ? one : many}`;
  }

  /** A model without its vendor, which the sheet's readers know. */
  function model(id: string): string {
    return id.slice(id.lastIndexOf('/') + 1);
  }

  return { usd, length, counter, bytes, moment, count, model };
}
