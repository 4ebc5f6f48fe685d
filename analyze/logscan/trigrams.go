package logscan

// commonTrigrams lists what stands together at least 8 times in a million bytes of ordinary logs, folded as foldByte
// does. The letter that opens a row is the frequency: a 8, b 16, c 32, and so on. TestTrigrams makes the table.
const commonTrigrams = `n 000
l 00:0:0:00
k -000-000 00-
j  00 no+00-a .000 n0+00.000+00.00]00t0]:0t0[00]: conde-e-ainenododet00
i     co00a00b00c00d00e00f0a00b00c00d00e00f0a ka00ainb00c00d00d[0e00e="ed evef00kubnerntaonttaiube
h   0 \" ca fo ku le ms po re ti" l" p",""00":".0..go0  0 000z0: 0] 0z": c: i: t="0=00a ca sageameatebelcald" d=0ect
h ed"el=eleenter erdernesset[forg="go:i00id=ileimeinfingionkerletlevme=msgnamnfoo:0on opeor podprord[rearnesg=staste
h syst[0tedtemtimvelystz" 
g  cr di en ev fr i0 im ke li na pr se st su sy up us" c"re"sh"st): -co.io.sl/ku0" 00"00)00\0\"0kb: a: d: r: s="c="s
g =in[0]\" ] "_idacealiappartatibepby carccece ceschecomcopcricrocted fd:"d="datdise \e":eb-ecoel:emdepoer.ereestete
g ethfilfo froge iceid:imaintisck0skb l: l=ile.licloamagmd[mesnecnednelnetng nneo moadobeodsom onnorkortounpacparpe=
g pleporr cr.gratrd-recri-robromronrt rteruns" s.iscosershdshoslisshssistrsuctartatte terth0tiotortypuccuidullumeunc
g venwebworype
f  (u 0* ap au be by de dh fi hi id in ip mo op ru ss th ty" e" i" r":0"cr"de"ku"ms"pr(ui*00,"m,"t-ne-ru.co.ex.mo.sc
f /we0 (0 [0 p0",0) 0*00,"0.s00,00k0aa0ab0ac0ad0ae0af0ba0bb0bc0bd0be0bf0ca0cb0cc0cd0ce0cf0da0db0dc0dd0de0df0ea0eb0ec
f 0ed0ee0ef0fa0fb0fc0fd0fe0ff0s.0x0: 0: e: l: p:"0="p[  \""\"ka da0aa0ba0ca0da0ea0faa0ab0ac0ad0ae0af0ampanaandapiarm
f askataatuaudaulb-0b0ab0bb0cb0db0eb0fba0bb0bc0bcobd0be0berbf0boxc0ac0bc0cc0dc0ec0fca0cb0cc0cd0ce"ce/ce0ce=cf0clocre
f ctid cd sd-0d-nd0ad0bd0cd0dd0ed0fda0db0dbodc0dd0de0deddefdeldevdf0dhcdindirditdpods-e fe oe se.ce.ge/ke0ae0be0ce0d
f e0ee0fe: e=0ea0eadeateb0ec0ed0ee0ef0efaenaender"eraeshespetuetwexaf0af0bf0cf0df0ef0ffa0faufb0fc0fd0fe0ff0fulg egra
f hd[highimholhrei-cibcighim in in_inkipvk ukd[klole le=li0liblinllylt/lumm dmd-me me:medmodmormoumpln cndbndpninnk 
f notns nt nt_nteod=oduofioinoldoluommon.onfor_ourox p00pdaperpoippaquer wredrenresretrkdrklrmornsrofrsts":sagsanses
f sfushisiospassfst t 0t ft/wt: taste"testhrtoptraturtustwoudiultun-uniuntupdurnus"usavedvetvolwarx00xam
e  "d "o "p "r "s && &c (" (n (p (r (t (x *p -  -- -x /  /e /u 0. 0x == [i [p ad af cd ch cl cm cn cp do er et fe ga
e  gr is of on or pa pi sa sc sh so tm to ve vo w0 wa wh wi wo {  {" || })" (" >" f" n" o" u" w") "*e"/a"/s": "ap"cl
e "co"di"et"id"ig"in"k0"le"no"op"pa"pu"sy"tr"ty"un"up"we& r&& &co("/(00(ne(nt(pl(ro(ss(te(un(ve(xi) 0) b) c) e) p*ev
e *pr,"n,"p,"s,at,}"- l--r-ac-ap-bu-k0-no-pa-po-re-x .0 .ho.ta.wo/ &/00/an/ap/ca/cg/cr/de/et/fs/in/it/pr/sb/sy/ta/us
e /v00 =0 a0 c0 f0 h0 i0 k0 r0 s0 w0(v0):0,}0.e0/i00(00s0s 0s": (: \: g: n: w: {:"/:"c:"d:"e:"i:"k:"r:"u:0,:<o:se:v0
e ; }<or= i="*="a="d="i="r="u=/t=0)=0x== =id=k0=li=mo=wa={"[in[pr\")\"0\"r\"s\"w] e] f][0_ch_co_cr_da_gc_is_lo_ma_pa
e _una aablaccachackacractad"ad_adaaddadeadiadyaftalcam am_aneanganiaphaplardarnarrarsatcathatoattauta{nb (b 0be be-
e becbetbinbleburc-kc/cc=/c_mcaccd ceeceicgrch chachrcilck ckecleclicmdcnico-corcpacpuctoculcuocutd (d *d /d 0d \d b
e d id nd pd",d":d"}d-rd:<d:sd_iddrde[deadecdendocdrcds.dsaduidule -e 0e he pe re te ue ve"}e(ue):e.se=ke=le=me[0e_g
e e_leaceameaneauecaeceecued/edeeedefeeg)egieivel"elieloem emoempemsenceneequer=er_eriermerrerserves es.esyet.etaetc
e etdetyev_eviexee|if 0f(nfelferfinfo"fo]foufs/fteg mg sg ug":g):g=igaigc_ge)ge=ge_gergh ghtgisgnogo groh fh mh th":
e h0"h00h0:ha0hanhclhcphd:he he"herheshilhinhophouhrohthi-ai/vi0:ic=icoid"ideienierignin/io-io/iquir)ireis isdiskist
e it(it:iteithivaiveix(ix/jeck bk okdeks/l":l=wlanlatlculd"ld=le_lealecleglerleslielimlixllilooloslowly"ly.ly;m 0m c
e m im nm tm="m_umanmd me.metmismm=mmomobmonmovmptms"ms/n gn in on sn |n):n-cn-pn.gn.hn/an="n[0n_cn_inacnagnc-nc.nce
e ncinclncond ne.nesnexnf(nfingeni0niqnixno nornsunt"nt:nt=nt[ntpntsntuntvnydo 0o so",o-no.wo/po][obyoceockod od"of 
e ojeom)om/omeomion)on=on[onconeonsonyoopootop op/opioppor.or=orcoreoriorworyoseot ot)oteotooupousoveow p (p ap/cp/k
e p[0pampatpe pe"pe.pe:penph pi-pi/picpidplapp[ppoprepstpt:pu pulpv0r &r \r dr pr sr ur vr" r):r.mr/sr="r_cr_ir_prac
e raprcerchrcord rdire(refregremrepreqridrierinrlyrmernarnirocrojroororrotrourrirrorsert-rtsrverwary.s -s bs cs is m
e s rs ss-bs-ps.ss.ts/0s/cs/ds/fsbiscusdisedselsg"shasinsk skdskssousr/ss"ss-stosumsynt (t -t /t st" t(0t) t.gt:0t={
e t_dt_itabtadtapta{tc/tchtdetecte|th"th]thethitivtmpto.tp0tretryts ts.ttetuptvou tuchuenuesulauleunduouup up/upsurc
e urlursus useusruthutov0.v0/v0:v_cvatvecvicw tw00watwhiwitx /x \x fx(sx/ixecxidy (y 0y ty.ey; yd[yncys/{ c{"i{"l{na
e | {|in|| 
d  dm-0a-0b-0c-0d-0e-0f-a0-b0-c0-d0-e0-f00 e0 m0-r0.m0a"0b"0c"0d"0e"0f":0k="fa0"a: a\"b0"b\"biac.0c0"c\"d/0d0"d\"deb
d dmae" e) e0"e:0e\"ebif\"i-0ianigrma0migmp0o-0od0oxyr 0r,ar:vr=0rkeroxs-0sidt-0ten
c  (m 0  0p bo lo me un"0a"0b"0c"0d"0e"0f"a0"b0"c0"d0"e0"f0"fr"mi"si"wo(m)(u)(um*0k/fr/mi/si/wo0 d0, 0a.0a\0b.0b\0c.
c 0c\0d.0d\0e.0e\0f\:fr:mi:pr:si:wo="m="w] 0] c] i] na" a",a0.a0\aabaacaaeabaabbabcabeabfacaacdadcadfaeaaecaedaeeaef
c afbafcallar"ar,ar:b mb" b",b-ab-bb-cb-db-eb-fb.sb0.b0\b: baabacbafbbbbbebbfbcabccbdcbddbdfbebbeebefbfbbfebffc" c",
c c.sc0.c0\c: cabcadcaecafcbacbbcbfccbcccccdcdbcdccddcdecdfcebceccedcfacfbcfccfdcold,ad.sd0.d0\d: d:vdaadabdaedafdba
c dbbdbcdbddbedbfdcadcbdccdcddcfddaddbddcddfde dfbdfcdfddfedffe",e,ae0.e0\e:fe:me:pe:se:ve:weaaeabeafebaebdebeebfecb
c eccecdedbeddeeaeebeeceeeefbeffer,er:f" f",f.sf0"f0.f0\f: fabfacfaefaffbcfbdfbffcafcbfccfcdfcefcffdafdbfdcfdefdffea
c fecfeeffaffbffcffdffeffffregesle:lialidlifllolocm) m/fm/mm/pm/sm/wma:me)memmicn 0n:0nd"nd,nd:ocap, pvsrees: te,te:
c u) ve_vs:xy"xy,xy:y,ay:v
b  (d (g (s =  ac bi fa ma ra zo(de(ue) =.0-/0c/0e/0f/d0/e0/f00-a0-d0-e0-f0a 0a-0a:0b 0b)0b-0b:0c 0c)0c-0c:0d 0d-0d:
b 0e 0e-0e:0f 0f-0f.0f:0p0:"a:"b:"f= 0="b="e=0a=0b=0c=0d=0e=0f=a0=b0=c0=d0=e0=f0\"a\"b\"c\"d\"e\"f_an_fi_pca-0a.sa0 
b a0)a0-a0:aaaaadaafabdacbacfadbaebafaafdafeaffailan anoaseb ab bb fb ib lb0 b0-b0:babbadbaebbabbcbbdbcbbcdbcebcfbda
b bdbbdebeabedbfabfcbfdc-0c0 c0)c0-c0:caacascatcbccbdcbecc-ccaccfcdace:ceacefcfecffcp:d-ad-bd-cd-dd-ed-fd0 d0-d0:d:0
b d=ad=bd=cd=dd=ed=fdacdaddcedddddedeedfae ce0 e0)e0-e0:e_ae_feaeebbebcecfed)ed.ed:edaedcedfee:ee_eefefcefdesef0 f0)
b f0-f0:faafadfbafbbfbefddfebfedfeffp_gfpgnuhb0hc0i0ai0bi0ci0di0ei0fia0ib0ic ic0icaid0ie0if0inainsinulabldcls nonnst
b nu on:p:0pagpcpr ar fs (suptalthathbthcthdthftomue)uppzon
a   [  d #0 (0 (e (l 0, 0c 0d [m a0 ah al at b0 es f0 gf gn ha he hw ki ld mi ml ph sm sp ta ud v0 va wr#0 (e)(gc(gn
a (lp(me(si(sk(tc) #) (), +de, a, e, g, m, s, u, v, z-0 -0x-aa-ab-af-am-ba-bc-bd-be-bf-cf-db-dc-dd-ec-ed-ee-ef-fa-fc
a -fd-fe-ff-in-ke-la-pr. 0.. .0,.0d.a0.de.or/0a/0b/0d/a0/b0/c00 b0+d0-b0-c00*00u0:a0:b0:c0:d0:e0:f0a)0d)0e)0f)0fs0p:
a 0pn0u00xa0xb0xc0xd0xe0xf: h: u:0b:0e:0f:a0:c0@li[me]  ] b] d] l] m] o] p] s_cm_dm_dy_hi_kea ea ma na) a-ra.ma:0ab:
a ae"ah,al al_aluamdamian)an-an.ap:ashavaay b eb gb hb nb pb rb ub wb) b-rb0)bd"biobogbooboubrabytc ac dc ec mc nc) 
a c-rc.ac.bc.cc.dc.ec.fc.mc:0cc"cmacp,ctactpcy cy.d ed md ud) d),d/ad/bd/cd/dd/ed/fd0)d_hdb"dd"dp,dyne de ee me ne-0
a e-le-re.me_ce_pealec"ed_ee"eemef"el@elaellel|em-epees)et:f ef mf nf) f-0f-rf.mfaiff"ff]figfo:fs g 0g dg tg vg) g:0
a gccgedgh:ghagomgurh, h0ah0bh0ch0dh0eh0fh:0hashathd0he0helhf0howhwphysi-bi-di-ei-fib ibric:icticyiguilailsin:iosipp
a ipsisoit izej=0kbykedkibkipl fl rl@ll_playld ledlislo lpjluel|gm mm sm um-imapmd0merminmipmlomp mpampbmpcmpdmpempf
a n hn nn un) n-kn.onavncyndine ne:nevng:nitnutnuxo fo-ao-bo-co-do-eo-focoodaodbodcoddodfogooisol oliolsooloosorgos-
a ostoviow:p pp0ap0bp0cp0dp0fp: p_dp_kpedpf0phypj=pnepolpooppeps pt_q: r br er=ar=br=cr=dr=er=framranrg)ritrovrq:rsi
a ry=s 0s fs hs ls-as-cs-ds-es-fs.ds/as/bs/esctse-se[sensh sicsizskismpsonsp)srqst:stst-at-bt-ct-dt-et-ftcpteptiltin
a toctp,u bu lu0)udpue unauneureusiutiux v0fvaivalvervidvs w mw:0wpowrix vx0bx0cxa0xc0y ly zy..y=0ynaysiysryteze=|gf
`
