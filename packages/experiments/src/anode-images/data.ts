/** The images, as far as they are there. */
import { OptionError } from '@node-ode/core';
import type { ImageDataset } from '@node-ode/datasets';
import { loadCifar10, loadMnist, loadSvhn, type LoadImagesOptions } from '@node-ode/datasets/node';

/** The data sets of the paper's Table 1. */
export const dataNames = ['mnist', 'cifar10', 'svhn'] as const;
export type DataName = (typeof dataNames)[number];

/** What tables and pictures call them. */
export const dataTitles: Readonly<Record<DataName, string>> = { mnist: 'MNIST', cifar10: 'CIFAR-10', svhn: 'SVHN' };

/** Images, and what is to be said of them; or why there are none. */
export type Found = { readonly images: ImageDataset; readonly remark?: string } | { readonly missing: string };

/** The subset that this repository's runs have had. */
const cifarSubset = { train: ['train_jpeg_5000.bin.gz'], test: ['test_jpeg_1000.bin.gz'] };

/** Loads images, pixels from 0 to 1. What is missing is no error: its row says so. */
export async function findImages(name: DataName, options: LoadImagesOptions): Promise<Found> {
  try {
    if (name === 'mnist') return { images: await loadMnist(options) };
    if (name === 'svhn') return { images: await loadSvhn(options) };
    return await findCifar(options);
  } catch (error) {
    if (error instanceof OptionError) return { missing: error.message };
    throw error;
  }
}

async function findCifar(options: LoadImagesOptions): Promise<Found> {
  try {
    return { images: await loadCifar10(options) };
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    const images = await loadCifar10({ ...options, files: cifarSubset }).catch(() => undefined);
    if (images === undefined) throw error;
    const sizes = `${images.size('train')} images to train on and ${images.size('test')} to test`;
    return { images, remark: `CIFAR-10 here are ${sizes}, decoded from JPEG: not the set of the paper.` };
  }
}
