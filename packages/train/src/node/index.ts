/** What needs Node: files, checkpoints in a folder, progress in a terminal. */
export { requireWritable, writeFileAtomically } from './atomic-write.ts';
export {
  checkpointFolder,
  latestCheckpoint,
  readCheckpoint,
  type CheckpointFolderOptions,
} from './checkpoint-folder.ts';
export { progressBar, type ProgressBar, type ProgressBarOptions, type ProgressStream } from './progress-bar.ts';
export { readSafetensors, writeSafetensors } from './safetensors-file.ts';
