// Counts the files of a tar archive and their bytes as it passes; a link counts with the length of what it names.
const BLOCK = 512

export class TarSizes {
  files = 0
  bytes = 0
  #rest: Buffer = Buffer.alloc(0)
  /** Bytes of content that are still to come, padding included. */
  #skip = 0
  /** The long name of a link, from the header before its own. */
  #link: number | undefined
  #pax: { length: number; text: Buffer } | undefined

  take(chunk: Buffer): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    for (;;) {
      if (this.#skip > 0) {
        const some = Math.min(this.#skip, this.#rest.length)
        if (this.#pax) this.#pax.text = Buffer.concat([this.#pax.text, this.#rest.subarray(0, some)])
        this.#rest = this.#rest.subarray(some)
        this.#skip -= some
        if (this.#skip > 0) return
        if (this.#pax) this.#readPax()
      }
      if (this.#rest.length < BLOCK) return
      const header = this.#rest.subarray(0, BLOCK)
      this.#rest = this.#rest.subarray(BLOCK)
      if (header.every((byte) => byte === 0)) continue
      this.#header(header)
    }
  }

  #header(header: Buffer): void {
    const size = number(header.subarray(124, 136))
    this.#skip = Math.ceil(size / BLOCK) * BLOCK
    const type = String.fromCharCode(header[156] ?? 0)
    if (type === 'x') {
      this.#pax = { length: size, text: Buffer.alloc(0) }
    } else if (type === '0' || type === '\0') {
      this.files += 1
      this.bytes += size
    } else if (type === '2') {
      this.files += 1
      this.bytes += this.#link ?? text(header.subarray(157, 257)).length
      this.#link = undefined
    }
  }

  #readPax(): void {
    const { length, text: bytes } = this.#pax ?? { length: 0, text: Buffer.alloc(0) }
    const [, path] = /\d+ linkpath=([^\n]*)\n/.exec(bytes.toString('latin1', 0, length)) ?? []
    if (path !== undefined) this.#link = path.length
    this.#pax = undefined
  }
}

const text = (field: Buffer): string => {
  const end = field.indexOf(0)
  return field.toString('latin1', 0, end < 0 ? field.length : end)
}

/** Octal, or binary when the first bit is set. */
function number(field: Buffer): number {
  if ((field[0] ?? 0) & 0x80) return Number(field.readBigUInt64BE(4))
  return Number.parseInt(text(field).trim() || '0', 8)
}
