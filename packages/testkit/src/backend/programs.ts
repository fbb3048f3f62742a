/** Programs of structured control flow, with their first and second derivatives by either mode, against the oracle. */
import { isFloat, random, type HostArray } from '@node-ode/core';
import { check, type Check } from '../support/check.ts';
import { demandSameArray } from '../support/numbers.ts';
import { program } from '../support/program.ts';
import { draw } from './cases/draw.ts';
import { derivatives } from './programs/derivatives.ts';
import { imagePrograms } from './programs/images.ts';
import { loops } from './programs/loops.ts';
import { buffers, nests } from './programs/nests.ts';
import type { ProgramCase } from './programs/program-case.ts';
import { solves } from './programs/solves.ts';
import { tangents } from './programs/tangents.ts';
import type { BackendSubject } from './subject.ts';

export function programChecks(subject: BackendSubject): readonly Check[] {
  const programs = [...loops, ...nests, ...buffers, ...derivatives, ...tangents, ...imagePrograms, ...solves];
  return programs.map((c) => check(c.name, () => compareProgram(subject, c)));
}

async function compareProgram(subject: BackendSubject, { name, inputs, fn, slack = 10 }: ProgramCase): Promise<void> {
  const backend = await subject.shared();
  const supported = subject.dtypes(backend);
  for (const dtype of supported.filter(isFloat)) {
    const [expectedOf, actualOf] = [program(subject.oracle, fn), program(backend, fn)];
    for (const [run, given] of inputs(draw(random(subject.seed), dtype, supported)).entries()) {
      const expected = await expectedOf(given);
      const actual = await actualOf(given);
      expected.outputs.forEach((output, i) => {
        const { rtol, atol } = subject.tolerance(output.dtype);
        demandSameArray(`${name} (${dtype}), run ${run + 1}, result ${i + 1}`, actual.outputs[i] as HostArray, output, {
          rtol: rtol * slack,
          atol: atol * slack,
        });
      });
    }
  }
}
