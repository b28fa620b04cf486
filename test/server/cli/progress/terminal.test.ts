import { expect, onTestFinished, test, vi } from 'vitest';
import { stderrTerminal } from '../../../../server/cli/progress/terminal.js';

const EVENTS = ['SIGINT', 'SIGTERM', 'exit', 'uncaughtExceptionMonitor', 'unhandledRejection'];
const listeners = (): number[] => EVENTS.map((event) => process.listenerCount(event));

test('a signal that the command handles is left to it, and the bar goes on', () => {
  const handle = vi.fn();
  process.on('SIGINT', handle);
  onTestFinished(() => void process.removeListener('SIGINT', handle));
  const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
  onTestFinished(() => kill.mockRestore());
  const run = vi.fn();
  const stop = stderrTerminal().onEnd(run);
  onTestFinished(stop);
  process.emit('SIGINT', 'SIGINT');
  expect(handle).toHaveBeenCalledTimes(1);
  expect(run).not.toHaveBeenCalled();
  expect(kill).not.toHaveBeenCalled();
});

test('any other signal ends the process as it would have', () => {
  const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
  onTestFinished(() => kill.mockRestore());
  const run = vi.fn();
  const others = process.listeners('SIGTERM');
  process.removeAllListeners('SIGTERM');
  onTestFinished(() => {
    for (const each of others) process.on('SIGTERM', each);
  });
  stderrTerminal().onEnd(run);
  process.emit('SIGTERM', 'SIGTERM');
  expect(run).toHaveBeenCalledTimes(1);
  expect(kill).toHaveBeenCalledWith(process.pid, 'SIGTERM');
});

test('an end that is no longer watched for leaves no listener', () => {
  const before = listeners();
  const stop = stderrTerminal().onEnd(() => {});
  expect(listeners()).not.toEqual(before);
  stop();
  expect(listeners()).toEqual(before);
});

test('a screen that others use is no terminal for a bar', () => {
  const { isTTY } = process.stderr;
  Object.assign(process.stderr, { isTTY: true });
  onTestFinished(() => void Object.assign(process.stderr, { isTTY }));
  expect(stderrTerminal().isTerminal).toBe(true);
  expect(stderrTerminal({ isScreenTaken: true }).isTerminal).toBe(false);
});
