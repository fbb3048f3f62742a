// What comes along with our packages may be used with them: every licence is one that is allowed, at any depth.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { complaintAbout } from './allowed.ts';
import { dependenciesOf, type Lock } from './dependencies.ts';

const lockFile = fileURLToPath(new URL('../../../package-lock.json', import.meta.url));

describe('licences of dependencies', () => {
  it('are all allowed', async () => {
    const dependencies = dependenciesOf(JSON.parse(await readFile(lockFile, 'utf8')) as Lock);
    expect(dependencies.flatMap((dependency) => complaintAbout(dependency) ?? [])).toEqual([]);
    const names = dependencies.map(({ name }) => name);
    for (const known of ['papaparse', 'onnxruntime-node', '@tensorflow/tfjs-core', '@protobufjs/base64']) {
      expect(names).toContain(known);
    }
    expect(names.filter((name) => name.startsWith('@node-ode/'))).toEqual([]);
  });

  const lock: Lock = {
    packages: {
      '': { dependencies: { typescript: '*' } },
      'packages/a': { dependencies: { near: '*', b: '*' }, peerDependencies: { deep: '*', absent: '*' } },
      'packages/a/node_modules/near': { version: '2.0.0', license: 'MIT', dependencies: { deep: '*' } },
      'packages/a/node_modules/near/node_modules/deep': { version: '2.0.0', license: 'GPL-3.0-only' },
      'node_modules/b': { link: true, resolved: 'packages/b' },
      'packages/b': { dependencies: { near: '*' } },
      'node_modules/near': { version: '1.0.0', license: '(GPL-2.0-only OR MIT)' },
      'node_modules/deep': { version: '1.0.0', dependencies: { near: '*' } },
      'node_modules/typescript': { version: '6.0.3', license: 'Apache-2.0' },
    },
  };

  it('are looked up as Node does, through what comes along', () => {
    expect(dependenciesOf(lock).map(({ name, version, through }) => [`${name}@${version}`, ...through])).toEqual([
      ['deep@1.0.0', 'packages/a', 'deep'],
      ['deep@2.0.0', 'packages/a', 'near', 'deep'],
      ['near@1.0.0', 'packages/a', 'deep', 'near'],
      ['near@2.0.0', 'packages/a', 'near'],
    ]);
  });

  it('that are missing, foreign or no licences are named, with the way to them', () => {
    const complaints = dependenciesOf(lock).flatMap((dependency) => complaintAbout(dependency) ?? []);
    expect(complaints).toHaveLength(2);
    expect(complaints[0]).toBe('deep@1.0.0 (packages/a → deep) names no licence');
    expect(complaints[1]).toMatch(/^deep@2.0.0 \(packages\/a → near → deep\) has GPL-3.0-only, which is none of 0BSD/);
    const free = { name: 'x', version: '1.0.0', license: 'free for all', through: ['x'] };
    expect(complaintAbout(free)).toBe('x@1.0.0 (x) has “free for all”, which is no SPDX expression');
  });
});
