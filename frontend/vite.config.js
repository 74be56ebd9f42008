// Builds the desk's scripts and styles into ground/base's static files. Names are fixed, so that templates can name
// them; only shared pieces carry a hash. Beside every file stand a .gz and a .br, which the server sends as they are.
import { readFileSync, readdirSync, writeFileSync, existsSync } from 'node:fs'
import { brotliCompressSync, gzipSync, constants } from 'node:zlib'
import { join } from 'node:path'
import { defineConfig } from 'vite'

const out = new URL('../src/anwang/ground/base/static/dist', import.meta.url).pathname

/** One file with the icons that the pages name: icons.json lists them by Tabler's names. */
function sprite() {
  return {
    name: 'sprite',
    generateBundle() {
      const names = JSON.parse(readFileSync(new URL('./icons.json', import.meta.url), 'utf8'))
      const symbols = names.map((name) => {
        const file = new URL(`./node_modules/@tabler/icons/icons/outline/${name}.svg`, import.meta.url)
        if (!existsSync(file)) throw new Error(`no such icon: ${name}`)
        const inside = readFileSync(file, 'utf8').replace(/<!--[\s\S]*?-->/g, '').match(/<svg[^>]*>([\s\S]*)<\/svg>/)[1]
        const paths = inside.replace(/\s*\n\s*/g, '')
        return `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round">${paths}</symbol>`
      })
      const source = `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join('')}</svg>`
      this.emitFile({ type: 'asset', fileName: 'icons.svg', source })
    },
  }
}

function compressed() {
  return {
    name: 'compressed',
    closeBundle() {
      for (const name of readdirSync(out)) {
        if (!/\.(js|css|svg)$/.test(name)) continue
        const raw = readFileSync(join(out, name))
        writeFileSync(join(out, `${name}.gz`), gzipSync(raw, { level: 9 }))
        writeFileSync(join(out, `${name}.br`), brotliCompressSync(raw, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }))
      }
    },
  }
}

export default defineConfig({
  base: './',
  plugins: [sprite(), compressed()],
  css: { preprocessorOptions: { scss: { loadPaths: ['node_modules'], quietDeps: true } } },
  build: {
    outDir: out,
    emptyOutDir: true,
    // Offices keep a browser for years: nothing newer than early 2022 is taken for granted.
    target: ['chrome100', 'edge100', 'firefox100', 'safari15.4'],
    modulePreload: false,
    cssCodeSplit: true,
    reportCompressedSize: true,
    chunkSizeWarningLimit: 900,
    rolldownOptions: {
      input: { desk: 'src/desk.js', charts: 'src/charts.js', map: 'src/map.js', gas: 'src/gas.js', alarms: 'src/alarms.js' },
      output: {
        entryFileNames: '[name].js',
        chunkFileNames: 'piece-[hash].js',
        assetFileNames: '[name][extname]',
      },
    },
  },
})
