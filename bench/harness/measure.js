// The process that measures one contestant once.

const { answer } = require('./processes.js');

answer({
  async measure(name, contestant, parameters) {
    const figures = await require(`../${name}.js`).measure({ contestant, parameters });
    for (const [key, value] of Object.entries(figures)) {
      if (value !== undefined && !Number.isFinite(value)) throw new Error(`${key} is ${value}`);
    }
    return figures;
  },
});
