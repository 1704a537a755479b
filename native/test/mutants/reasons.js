// Why a mutant survives.

module.exports = {
  /** It behaves like the original, or costs more and behaves the same. It is not counted. */
  equivalent: (reason) => ({ isEquivalent: true, reason }),
  /** It behaves otherwise, where no test can look. It counts as one that is not killed. */
  unseen: (reason) => ({ isEquivalent: false, reason }),
};
