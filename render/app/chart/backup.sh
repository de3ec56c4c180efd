# A snapshot of each of the app's claims, and away with those that are older than KEEP_SECONDS (0: none is).
now=$(date +%s)
for claim in $(kubectl -n "$NAMESPACE" get pvc -l "app.kubernetes.io/instance=$APP" -o name); do
  claim=${claim#persistentvolumeclaim/}
  kubectl -n "$NAMESPACE" create -f - <<END
apiVersion: snapshot.storage.k8s.io/v1
kind: VolumeSnapshot
metadata:
  name: $claim-$now
  labels: {app.kubernetes.io/instance: "$APP", autonomous/taken: "$now"}
spec:
  volumeSnapshotClassName: $CLASS
  source: {persistentVolumeClaimName: $claim}
END
done
[ "$KEEP_SECONDS" -gt 0 ] || exit 0
kubectl -n "$NAMESPACE" get volumesnapshots -l "app.kubernetes.io/instance=$APP,autonomous/taken" \
  -o jsonpath='{range .items[*]}{.metadata.name} {.metadata.labels.autonomous/taken}{"\n"}{end}' |
while read -r name taken; do
  [ $((now - taken)) -le "$KEEP_SECONDS" ] || kubectl -n "$NAMESPACE" delete volumesnapshot "$name"
done
