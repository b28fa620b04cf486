# docker build -t odradek . && docker run --rm -p 9092:9092 odradek
FROM node:22-bookworm-slim AS package
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build && npm pack --pack-destination /tmp

FROM node:22-bookworm-slim
COPY --from=package /tmp/odradek-*.tgz /tmp/
RUN npm install --global --omit=dev --ignore-scripts --no-audit --no-fund /tmp/odradek-*.tgz \
  && rm -rf /tmp/odradek-*.tgz /root/.npm \
  && install -d -o node -g node /var/lib/odradek
COPY docker/server.properties /etc/odradek/server.properties
USER node
VOLUME /var/lib/odradek
EXPOSE 9092
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["odradek", "cluster", "info"]
ENTRYPOINT ["odradek"]
CMD ["start", "--config", "/etc/odradek/server.properties"]
