/** The documentation site: guide, READMEs and API reference in one, made by typedoc. */
import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import {
  Application,
  Converter,
  LogLevel,
  MinimalSourceFile,
  normalizePath,
  type CommentDisplayPart,
  type Context,
  type Logger,
  ReflectionKind,
  type ProjectReflection,
} from 'typedoc';
import { entryPoints, type EntryPoint } from './packages.ts';
import { pagesOf, titleOf } from './pages.ts';

const repository = 'https://github.com/node-ode/node-ode/blob/main';

/** What came of making the site. */
export interface Site {
  readonly modules: number;
  readonly pages: number;
  /** Broken links and comments that could not be read. */
  readonly warnings: number;
}

/** Writes the site of the repository at `root` into `out`; warnings are logged, and none is allowed to be there. */
export async function makeSite(root: string, out: string): Promise<Site> {
  const entries = entryPoints(root);
  const pages = pagesOf(root);
  const app = await Application.bootstrap({
    entryPoints: entries.map(({ file }) => file),
    tsconfig: join(root, 'tools/tsconfig.docs.json'),
    basePath: root,
    name: '@node-ode',
    readme: join(root, 'README.md'),
    projectDocuments: pages.map((page) => join(root, page)),
    sort: ['kind', 'instance-first', 'alphabetical-ignoring-documents'],
    highlightLanguages: ['typescript', 'javascript', 'json', 'yaml', 'python', 'html', 'bash', 'sh'],
    customCss: join(root, 'tools/docs.css'),
    disableGit: true,
    sourceLinkTemplate: `${repository}/{path}#L{line}`,
    skipErrorChecking: true, // `tsc -b` has checked them
    validation: {
      notExported: false,
      invalidLink: true,
      invalidPath: false,
      rewrittenLink: true,
      notDocumented: false,
    },
    logLevel: LogLevel.Warn,
  });
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, (context) => complete(context, root, entries, app.logger));
  const project = await app.convert();
  if (project === undefined) throw new Error('typedoc could not read the sources: see what it says above');
  app.validate(project);
  await app.generateDocs(project, out);
  return { modules: entries.length, pages: pages.length, warnings: app.logger.warningCount + app.logger.errorCount };
}

/** Names modules as they are imported, gives them their READMEs, pages their titles, and links what is not in the site. */
function complete({ converter, project }: Context, root: string, entries: readonly EntryPoint[], logger: Logger): void {
  for (const module of project.getChildrenByKind(ReflectionKind.Module)) {
    const entry = entries.find(({ file }) => normalizePath(file) === module.sources?.[0]?.fullFileName);
    if (entry === undefined) continue;
    module.name = entry.name;
    if (!entry.isMain) continue;
    const readme = join(entry.folder, 'README.md');
    for (const path of [readme, entry.folder]) project.files.registerReflectionPath(normalizePath(path), module);
    const source = new MinimalSourceFile(readFileSync(readme, 'utf8'), normalizePath(readme));
    module.readme = converter.parseRawComment(source, project.files).content;
  }
  for (const page of project.documents ?? []) page.name = titleIn(page.content) ?? page.name;
  const readmes = [project, ...project.getChildrenByKind(ReflectionKind.Module)].map(({ readme }) => readme ?? []);
  readmes.forEach(dropTitle);
  for (const content of [...readmes, ...(project.documents ?? []).map((page) => page.content)]) {
    linkOutwards(content, project, root, logger);
  }
}

const titleIn = ([first]: readonly CommentDisplayPart[]): string | undefined =>
  first?.kind === 'text' ? titleOf(first.text) : undefined;

/** Pages of modules have their title above their README already. */
function dropTitle([first]: readonly CommentDisplayPart[]): void {
  if (first?.kind === 'text') first.text = first.text.replace(/^# .+\n/, '');
}

/** Links to folders and sources, which are no pages of the site, go to the repository. */
function linkOutwards(content: CommentDisplayPart[], project: ProjectReflection, root: string, logger: Logger): void {
  content.forEach((part, i) => {
    if (part.kind !== 'relative-link' || part.target === undefined) return;
    if (typeof project.files.resolve(part.target, project) === 'object') return;
    const path = project.files.resolvePath(part.target) ?? '';
    if (!existsSync(path)) logger.warn(`A link to ${path}, which is not there`);
    if (isPicture(path)) return;
    content[i] = { kind: 'text', text: `${repository}/${normalizePath(relative(root, path))}` };
  });
}

const isPicture = (path: string): boolean => /\.(?:svg|png|gif)$/.test(path);
