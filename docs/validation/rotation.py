"""A rotation on raw prices with splits and dividends booked, made from the vendor's files alone.

Usage: python rotation.py FOLDER, where FOLDER holds daily/ and factor_files/ (LEAN's daily US equities). Prints the last
day's equity, the splits and dividends booked on what was held, the dividends' sum and the number of decisions.
"""
import csv
import io
import sys
import zipfile

D = sys.argv[1]
SYMS=sorted(['SPY','QQQ','IBM','AAPL','BAC'])
START,END='19990101','20210301'
def bars(s):
    z=zipfile.ZipFile(f'{D}/daily/{s.lower()}.zip'); t=z.read(z.namelist()[0]).decode()
    return {r[0][:8]:(int(r[1])/1e4,int(r[4])/1e4) for r in csv.reader(io.StringIO(t))}
def actions(s,days):
    rows=[(r[0],float(r[1]),float(r[2]),float(r[3])) for r in csv.reader(open(f'{D}/factor_files/{s.lower()}.csv'))]
    out={}
    for (d,p,f,ref),(_,p2,f2,_) in zip(rows,rows[1:]):
        later=[x for x in days if x>d]
        if not later: continue
        ratio=f2/f; near=round(ratio); 
        if near>0 and abs(ratio/near-1)<1e-3: ratio=near
        keep=p/p2
        out[later[0]]=(ratio, ref*(1-keep) if abs(keep-1)>1e-9 else 0.0, keep/ratio, d)
    return out
B={s:bars(s) for s in SYMS}
# the symbol's present holder only
FIRST={'BAC':'19980930'}
for s,f in FIRST.items():
    B[s]={d:v for d,v in B[s].items() if d>f}
A={s:actions(s,sorted(B[s])) for s in SYMS}
timeline=sorted({d for s in SYMS for d in B[s]})
cash,held=1e6,{s:0.0 for s in SYMS}
hist={s:[] for s in SYMS}; growth={s:1.0 for s in SYMS}; last={s:None for s in SYMS}
orders=[]; month=None; n_div=0; n_split=0; div=0.0; ndec=0
first_bar={s:min(B[s]) for s in SYMS}
eq=[]
for d in timeline:
    if d>=END: break
    for s in SYMS:
        if d in B[s] and d in A[s] and d!=first_bar[s]:
            ratio,dv,fac,_=A[s][d]
            if dv and held[s]: cash+=held[s]*dv; div+=held[s]*dv; n_div+=1
            if ratio!=1 and held[s]: n_split+=1
            held[s]*=ratio
            for o in orders:
                if o[0]==s: o[1]*=ratio
            growth[s]/=fac
    left=[]
    for sell in (True,False):
        for o in orders:
            s,q=o
            if (q<0)!=sell: continue
            if d not in B[s]: left.append(o); continue
            px=B[s][d][0]
            if q>0: q=min(q,cash/px) if cash>0 else 0
            if abs(held[s]+q)<1e-9*abs(held[s]): q=-held[s]
            held[s]+=q; cash-=q*px
    orders=left
    for s in SYMS:
        if d in B[s]:
            last[s]=B[s][d][1]; hist[s].append(B[s][d][1]*growth[s])
    if d<START: month=d[:6]; continue
    equity=cash+sum(held[s]*last[s] for s in SYMS if held[s])
    eq.append((d,equity))
    if d[:6]!=month:
        month=d[:6]; ndec+=1
        sc={}
        for s in SYMS:
            h=hist[s]
            if d in B[s] and len(h)>126: sc[s]=((h[-1]/h[-64]-1)+(h[-1]/h[-127]-1))/2
        if len(sc)<2: continue
        top=sorted(sc,key=lambda s:(-sc[s],s))[:2]
        good=[s for s in top if sc[s]>0]
        orders=[]
        for s in SYMS:
            if s in sc or held[s]:
                w=0.5 if s in good else 0.0
                tgt=w*equity/last[s]
                if tgt!=held[s]: orders.append([s,tgt-held[s]])
print(repr(eq[-1]),n_split,n_div,div,ndec)
