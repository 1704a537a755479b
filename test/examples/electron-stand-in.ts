/** Stands in for Electron in its main process: what examples/electron uses of it. The test is the user and the system, by messages. */
import { EventEmitter } from 'node:events';

class App extends EventEmitter {
  whenReady(): Promise<void> {
    return Promise.resolve();
  }

  /** Emits 'before-quit', and ends the process unless a listener prevents it. */
  quit(): void {
    let isPrevented = false;
    const preventDefault = () => {
      isPrevented = true;
    };
    this.emit('before-quit', { preventDefault });
    if (!isPrevented) process.exit(0);
  }
}

export const app = new App();
export const powerMonitor = new EventEmitter();

process.on('message', (message) => {
  if (message === 'quit') app.quit();
  else powerMonitor.emit(String(message));
});
