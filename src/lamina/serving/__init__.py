"""Models behind HTTP (docs/serving.md): `lamina serve MODEL...`.

catalogue       the models, each under its name and version; a new file takes the place of the old
asking          the body of a request to rows
answering       rows to the body of an answer
openapi         the columns of each model as an OpenAPI document
service         the ASGI application: who may ask, which path, how much
metrics         what Prometheus reads
server          the port, signals, the graceful end
"""
