import { testSolver } from '@node-ode/testkit';
import { adamsBashforth2 } from './adams-bashforth2.ts';
import { cashKarp } from './cash-karp.ts';

testSolver(() => cashKarp());
testSolver(() => adamsBashforth2());
