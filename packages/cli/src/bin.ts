#!/usr/bin/env node
/** The process: its streams, its signals and its exit code. */
import { runProcess } from './process.ts';

await runProcess();
