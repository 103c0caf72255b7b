# dailies with ffmpeg, as an ordinary user, and with the packages for clips in a bucket and for a worker's port:
#   docker build -t dailies . && docker run --rm -it -e OPENROUTER_API_KEY -v "$PWD:/work" dailies run teaser.yaml
FROM node:20-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build && npm install --save-prod @aws-sdk/client-s3 prom-client && npm prune --omit=dev

FROM node:20-bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ffmpeg ca-certificates \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /src/package.json /opt/dailies/package.json
COPY --from=build /src/node_modules /opt/dailies/node_modules
COPY --from=build /src/dist /opt/dailies/dist
COPY --from=build /src/schemas /opt/dailies/schemas
COPY --from=build /src/examples /opt/dailies/examples
RUN ln -s /opt/dailies/dist/cli/main.js /usr/local/bin/dailies
USER node
WORKDIR /work
ENTRYPOINT ["dailies"]
CMD ["--help"]
