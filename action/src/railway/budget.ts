// How many requests Railway leaves us, by the headers of its answers.

/** Longest time between two looks, whatever the budget. */
const LONGEST_MS = 60_000
/** Requests that stay for what matters more than looking. */
const RESERVE = 20

export class Budget {
  #remaining = Infinity
  #resetAt = 0

  read(headers: Headers): void {
    const remaining = Number(headers.get('x-ratelimit-remaining') ?? NaN)
    const resetAt = moment(headers.get('x-ratelimit-reset'))
    if (Number.isNaN(remaining) || resetAt === undefined) return
    this.#remaining = remaining
    this.#resetAt = resetAt
  }

  /** Milliseconds until the next look, when `wanted` would be best and a look costs `requests`. */
  pace(wanted: number, requests: number): number {
    const left = this.#resetAt - Date.now()
    if (left <= 0) return wanted
    const looks = Math.max(1, (this.#remaining - RESERVE) / requests)
    return Math.max(wanted, Math.min(LONGEST_MS, left / looks))
  }
}

/** A moment in milliseconds from a date, seconds of the clock, or seconds from now. */
function moment(value: string | null): number | undefined {
  if (value === null) return undefined
  const number = Number(value)
  if (Number.isNaN(number)) return Number.isNaN(Date.parse(value)) ? undefined : Date.parse(value)
  if (number > 1e12) return number
  return number > 1e9 ? number * 1000 : Date.now() + number * 1000
}
