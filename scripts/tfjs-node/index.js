// danfojs-node asks for this name. The real package downloads a binary at install time, which many networks refuse;
// tfjs has the same API, so it stands in, unless NETLOOP_TFJS_NODE names a folder where the real one was built.
module.exports = require(process.env.NETLOOP_TFJS_NODE || '@tensorflow/tfjs');
