// What the module exports. Every kernel is a pure function of the arrays it is given: no state, no allocation, no imports but the memory.
export { lstmForward, lstmBackward, lstmGradient } from './lstm';
export { denseForward, denseGradient, outputForward, outputGradient } from './dense';
export { probability, crossEntropy, hits } from './loss';
export { fold, squares, adam, sgd, momentum } from './optimizer';
export { dropout } from './dropout';
export { multiply, pack, packTransposed } from './multiply';
export { gather, place } from './rows';
export { exp, log1p, tanhAll, sigmoidAll } from './functions';
