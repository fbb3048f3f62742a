/** Where data sets are downloaded from, and what their files' bytes give. */
import type { Source } from '../download/download.ts';

/** A file of a data set: its name in the data set's folder, and where it comes from. */
export interface SourceFile extends Source {
  readonly file: string;
}

const sourceOf = (
  base: string,
  file: string,
  size: number,
  algorithm: 'sha256' | 'md5',
  digest: string,
  remote = file,
): SourceFile => ({ file, url: `${base}/${remote}`, size, checksum: { algorithm, digest } });

const mnist = 'https://ossci-datasets.s3.amazonaws.com/mnist';
const svhn = 'http://ufldl.stanford.edu/housenumbers';
const physionet = 'https://physionet.org/files/challenge-2012/1.0.0';

/** MNIST: the original files by LeCun, Cortes and Burges. */
export const mnistSources = {
  trainImages: sourceOf(
    mnist,
    'train-images-idx3-ubyte.gz',
    9912422,
    'sha256',
    '440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609',
  ),
  trainLabels: sourceOf(
    mnist,
    'train-labels-idx1-ubyte.gz',
    28881,
    'sha256',
    '3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c',
  ),
  testImages: sourceOf(
    mnist,
    't10k-images-idx3-ubyte.gz',
    1648877,
    'sha256',
    '8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6',
  ),
  testLabels: sourceOf(
    mnist,
    't10k-labels-idx1-ubyte.gz',
    4542,
    'sha256',
    'f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6',
  ),
} as const;

/** CIFAR-10: Krizhevsky's archive of binary batches; its page gives the MD5. */
export const cifar10Source = sourceOf(
  'https://www.cs.toronto.edu/~kriz',
  'cifar-10-binary.tar.gz',
  170052171,
  'md5',
  'c32a1d4ab5d03f1284b67883e8d87530',
);

/** SVHN: the cropped digits; the MD5s are those that torchvision checks. */
export const svhnSources = {
  train: sourceOf(svhn, 'train_32x32.mat', 182040794, 'md5', 'e26dedcc434d2e4c54c9b2d4a06d8373'),
  test: sourceOf(svhn, 'test_32x32.mat', 64275384, 'md5', 'eb5a983be6a315427106f1b164d9cef3'),
} as const;

/** Wisconsin breast cancer (diagnostic): UCI's file. */
export const breastCancerSource = sourceOf(
  'https://archive.ics.uci.edu/ml/machine-learning-databases/breast-cancer-wisconsin',
  'wdbc.data',
  124103,
  'sha256',
  'd606af411f3e5be8a317a5a8b652b425aaf0ff38ca683d5327ffff94c3695f4a',
);

/** California housing: StatLib's archive, as scikit-learn gets it. */
export const californiaHousingSource = sourceOf(
  'https://ndownloader.figshare.com/files',
  'cal_housing.tgz',
  441963,
  'sha256',
  'aaa5c9a6afe2225cc2aed2723682ae403280c4a3695a2ddda4ffb5d8215ea681',
  '5976036',
);

/** Hudson Bay lynx and hare: the file of Stan's example. */
export const lynxHareSource = sourceOf(
  'https://raw.githubusercontent.com/stan-dev/example-models/2847a61097354785ceda9fba40c7f761d6664491/knitr/lotka-volterra',
  'hudson-bay-lynx-hare.csv',
  470,
  'sha256',
  '66d3b24d30221a5654ab48cc461ea1d3f725f8f5719016f702cfb56610b4ee63',
);

/** PhysioNet 2012, set A. */
export const physionetSources = {
  records: sourceOf(
    physionet,
    'set-a.tar.gz',
    6632372,
    'sha256',
    '8cb250f179cd0952b4b9ebcf8954b63d70383131670fac1cfee13deaa13ca920',
  ),
  outcomes: sourceOf(
    physionet,
    'Outcomes-a.txt',
    79219,
    'sha256',
    '2613ea60ccda29f87571a7d6b09ad130858a8ccd66325bd073365925026883c2',
  ),
} as const;
