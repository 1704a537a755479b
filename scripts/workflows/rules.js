// The rules of .github/workflows/ that actionlint does not have. Pure: from the texts of all workflows to sentences about them.
//
// No rule can know what is on GitHub: whether a SHA is that of the version beside it, what an action or an image does, and
// whether the environment `npm` asks anybody. CONTRIBUTING.md says who looks at these.

const { parse } = require('yaml');

const PINNED = /^([\w.-]+\/[\w.-]+)(?:\/[\w./-]+)?@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)$/;
const LOCAL = /^\.\/\.github\/workflows\/([\w.-]+)$/;
/** Whose actions may run where there is a token that can write. */
const TRUSTED = ['actions', 'github', 'ossf'];
/** Commands that run code of the repository or of its dependencies, or that another one may have put there. */
const RUNS_CODE = /\b(npm (?!stage publish|pack|audit)|npx (?!--yes npm@\d+\.\d+\.\d+ )|node |yarn |pnpm )|\.ci\//;
const RELEASES = /\bnpm (stage )?publish\b|\bdist-tag add\b|\bgh release\b/;
const TOKEN = /\$\{\{[^}]*\b(secrets|github\.token)\b/;
/** Expressions that nobody outside can choose. */
const HARMLESS = /^(matrix\.\w+|github\.run_number)$/;

const texts = (value) => JSON.stringify(value ?? null);
const triggersOf = ({ on }) => (typeof on === 'string' ? [on] : Array.isArray(on) ? on : Object.keys(on ?? {}));
const stepsOf = (job) => job.steps ?? [];
const commandsOf = (job) => stepsOf(job).flatMap(({ run }) => (run ? run.split('\n') : []));
const runsCode = (job) =>
  commandsOf(job).some(
    (line) => RUNS_CODE.test(line) || (/\bnpm (stage publish|pack)\b/.test(line) && !line.includes('--ignore-scripts')),
  );
const runsOnWindows = (job) => /"(runs-on|os)":[^{}]*windows-/.test(texts(job));
const releases = (job) => commandsOf(job).some((line) => RELEASES.test(line));
const writesOf = ({ permissions }) =>
  typeof permissions === 'object' ? Object.keys(permissions ?? {}).filter((name) => permissions[name] === 'write') : [];

/** Each takes the workflow, its text, and all workflows by their names. Returns sentences. */
const RULES = {
  pins(_, text) {
    return text.split('\n').flatMap((line, i) => {
      const used = /^\s*(?:- )?uses: *(.+)$/.exec(line)?.[1];
      if (!used || LOCAL.test(used) || PINNED.test(used)) return [];
      return [`line ${i + 1}: ${used} is not pinned: OWNER/NAME@SHA # vN.N.N`];
    });
  },

  permissions(workflow) {
    const all = texts(workflow.permissions) === '{}' ? [] : ['the permissions of all jobs are not {}'];
    const each = Object.entries(workflow.jobs)
      .filter(([, { permissions }]) => typeof permissions !== 'object' || permissions === null)
      .map(([name]) => `the job ${name} does not list its permissions`);
    return [...all, ...each];
  },

  triggers(workflow) {
    return triggersOf(workflow)
      .filter((name) => ['pull_request_target', 'workflow_run', 'issue_comment'].includes(name))
      .map((name) => `${name} gives strangers a run with this repository's rights`);
  },

  'writing jobs'(workflow) {
    return Object.entries(workflow.jobs).flatMap(([name, job]) => {
      if (writesOf(job).length === 0) return [];
      const code = runsCode(job) ? [`the job ${name} may write, and runs code that it has installed`] : [];
      const strangers = stepsOf(job)
        .map(({ uses }) => uses?.split('/')[0])
        .filter((owner) => owner && !TRUSTED.includes(owner))
        .map((owner) => `the job ${name} may write, and runs an action of ${owner}`);
      return [...code, ...strangers];
    });
  },

  tokens(workflow) {
    const shared = TOKEN.test(texts(workflow.env)) ? ['the env of all jobs has a token'] : [];
    const each = Object.entries(workflow.jobs).flatMap(([name, job]) => {
      const { steps, ...rest } = job;
      if (TOKEN.test(texts(rest)) || job.secrets) return [`the job ${name} hands a token to all its steps`];
      if (runsCode(job) && TOKEN.test(texts(steps)))
        return [`the job ${name} has a token, and runs code that it has installed`];
      return [];
    });
    return [...shared, ...each];
  },

  checkouts(workflow) {
    return Object.entries(workflow.jobs)
      .filter(([, job]) =>
        stepsOf(job).some(
          (step) => step.uses?.startsWith('actions/checkout@') && step.with?.['persist-credentials'] !== false,
        ),
      )
      .map(([name]) => `the job ${name} leaves its token in .git: persist-credentials: false`);
  },

  expressions(workflow) {
    return Object.entries(workflow.jobs).flatMap(([name, job]) =>
      commandsOf(job).flatMap((line) =>
        [...line.matchAll(/\$\{\{ *(.+?) *\}\}/g)]
          .filter(([, expression]) => !HARMLESS.test(expression))
          .map(([, expression]) => `the job ${name} puts ${expression} into a command: pass it by env`),
      ),
    );
  },

  arguments(workflow) {
    return Object.entries(workflow.jobs)
      .filter(([, job]) => runsOnWindows(job))
      .flatMap(([name, job]) =>
        commandsOf(job)
          .filter((line) => /\bnpm .* -- /.test(line))
          .map((line) => [name, line]),
      )
      .map(([name, line]) => `the job ${name} loses what follows -- in PowerShell: ${line}`);
  },

  failures(workflow) {
    return Object.entries(workflow.jobs)
      .filter(([, job]) => texts(job).includes('"continue-on-error":true'))
      .map(([name]) => `the job ${name} passes where a step fails`);
  },

  releases(workflow, _, all) {
    const { jobs } = workflow;
    return Object.entries(jobs)
      .filter(([, job]) => releases(job))
      .flatMap(([name, job]) => {
        const before = needed(jobs, name);
        const called = before.map((each) => LOCAL.exec(jobs[each]?.uses ?? '')?.[1]).filter(Boolean);
        const missing = Object.keys(all).filter((file) => isTest(all[file]) && !called.includes(file));
        const onWindows = called.some((file) => Object.values(all[file]?.jobs ?? {}).some(runsOnWindows));
        const isTag = texts(Object.keys(workflow.on?.push ?? {})) === '["tags"]' && triggersOf(workflow).length === 1;
        return [
          ...missing.map((file) => `the job ${name} releases without needing ${file}`),
          ...(onWindows ? [] : [`the job ${name} releases without a test on Windows`]),
          ...(isTag ? [] : [`the job ${name} releases what is no tag`]),
          ...(job.environment ? [] : [`the job ${name} releases without an environment, so nobody is asked`]),
          ...[name, ...before]
            .filter((each) => jobs[each]?.if)
            .map((each) => `the job ${each} of a release has a condition`),
        ];
      });
  },
};

/** The jobs that must have passed before this one, directly or not. */
function needed(jobs, name) {
  const found = new Set();
  const add = (job) => {
    for (const before of [jobs[job]?.needs ?? []].flat()) {
      if (found.has(before)) continue;
      found.add(before);
      add(before);
    }
  };
  add(name);
  return [...found];
}

/** Whether a workflow runs the repository's code for pull requests. */
const isTest = (workflow) =>
  triggersOf(workflow).includes('pull_request') && Object.values(workflow.jobs).some(runsCode);

/** An action has one version in all workflows. */
function versions(texts) {
  const seen = new Map();
  for (const text of Object.values(texts)) {
    for (const [, used] of text.matchAll(/^\s*(?:- )?uses: *(.+)$/gm)) {
      const [, action, sha, version] = PINNED.exec(used) ?? [];
      if (action) seen.set(action, (seen.get(action) ?? new Set()).add(`${sha} # ${version}`));
    }
  }
  return [...seen]
    .filter(([, pins]) => pins.size > 1)
    .map(([action, pins]) => `${action} has ${pins.size} versions: ${[...pins].join(', ')}`);
}

/** What is wrong with workflows, given by their texts and the names of their files. */
function problemsOf(files) {
  const texts = Object.fromEntries(Object.entries(files).map(([name, text]) => [name, text.replaceAll('\r\n', '\n')]));
  const all = Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, parse(text)]));
  const each = Object.entries(all).flatMap(([name, workflow]) =>
    Object.values(RULES).flatMap((rule) => rule(workflow, texts[name], all).map((problem) => `${name}: ${problem}`)),
  );
  return [...each, ...versions(texts)];
}

module.exports = { problemsOf };
